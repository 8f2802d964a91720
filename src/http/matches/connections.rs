//! The figures of the server's connections, as the matches lab shows them.

use crate::http::ConnectionCounts;
use crate::lab::matches::{ConnectionFigures, Connections};

impl ConnectionFigures for ConnectionCounts {
    fn connections(&self) -> Connections {
        Connections {
            open: self.open(),
            limit: self.limit(),
            refused: self.refused(),
            why: self.why().map(str::to_owned),
        }
    }
}
