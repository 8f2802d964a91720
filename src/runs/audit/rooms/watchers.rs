//! Checks of what the watchers of rooms were told.

use super::because;
use crate::record::{Audit, RoomsWatch, Verdict};
use crate::runs::words::count;

impl Audit {
    /// Checks that every position came once and in order, and that the server named every loss.
    pub(super) fn watchers_of_rooms(&mut self, watch: &RoomsWatch) {
        let RoomsWatch { watchers, refused, dropped, updates, twice, disordered, missed, untold, .. } =
            watch;
        for (name, n, what) in [
            ("no update came twice", twice, "updates arrived twice"),
            ("updates came in order", disordered, "updates belonged to an earlier life"),
            ("no update was missed", missed, "updates did not arrive and were in no gap"),
            ("new lives were told", untold, "new lives came without a word that fits"),
        ] {
            let first =
                watch.faults.first().filter(|_| *n > 0).map_or(String::new(), |word| format!(": {word}"));
            let says = format!("{} {what}; {} arrived{first}", count(*n), count(*updates));
            self.check(name, *n == 0, says);
        }
        if *watchers == 0 {
            let says = format!("0 watchers could connect{}", because(&watch.reasons));
            self.note("watchers came", Verdict::Failed, says);
        } else if *refused + *dropped > 0 {
            let says = format!(
                "{} watchers were refused and {} lost their connection{}",
                count(*refused),
                count(*dropped),
                because(&watch.reasons)
            );
            self.check("watchers stayed", false, says);
        }
    }
}
