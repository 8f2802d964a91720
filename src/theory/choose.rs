use super::*;
use crate::config::Settings;
use crate::load::Plan;
use crate::workbench::Mode;
/// x
pub fn predict(_settings: &Settings, _mode: Mode, _plan: &Plan) -> Result<Prediction, NoModel> {
    Err(NoModel { why: "nothing is known yet".to_owned() })
}
