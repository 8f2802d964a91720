//! Examples of the commands below `weir room`.

pub(in crate::cli) const LIST: &str = "\
Examples:
  weir room list
  weir room list --json | jq .ledger";
pub(in crate::cli) const CREATE: &str = "\
Examples:
  weir room create river
  weir room create river && weir room join river ada";
pub(in crate::cli) const SHOW: &str = "\
Examples:
  weir room show moon
  weir room show moon --seat ada       with what ada may see
  weir room show moon --json | jq .open.thread";
pub(in crate::cli) const JOIN: &str = "\
Examples:
  weir room join moon ada
  for name in ada ben cy dot; do weir room join moon $name; done";
pub(in crate::cli) const LEAVE: &str = "\
Examples:
  weir room leave moon ada             only in the lobby";
pub(in crate::cli) const START: &str = "\
Examples:
  weir room start moon ada             needs 4 to 12 players
  weir room start moon ada --seed 1    the same roles each time";
pub(in crate::cli) const CHOOSE: &str = "\
Examples:
  weir room choose moon ada dot        ada, a werewolf, chooses dot";
pub(in crate::cli) const VOTE: &str = "\
Examples:
  weir room vote moon ben ada          ben votes ada out";
pub(in crate::cli) const SAY: &str = "\
Examples:
  weir room say moon ada it was not me";
pub(in crate::cli) const END_PHASE: &str = "\
Examples:
  weir room end-phase moon ada";
pub(in crate::cli) const STATUS: &str = "\
Examples:
  weir room status moon
  weir room status moon --follow       stays connected while the room is killed
  weir room status moon --follow --json | jq .text";
pub(in crate::cli) const HISTORY: &str = "\
Examples:
  weir room history moon
  weir room history moon --most 10 --json";
pub(in crate::cli) const KILL: &str = "\
Examples:
  weir room kill moon                  the room; its keeper restarts it
  weir room kill moon --what both      room and backup at the same time
  weir room kill                       a random room
  weir room kill --what registry";
pub(in crate::cli) const WHERE: &str = "\
Examples:
  weir room where moon";
pub(in crate::cli) const REMOVE: &str = "\
Examples:
  weir room remove moon                its watchers get their end";
pub(in crate::cli) const PLAY: &str = "\
Examples:
  weir room play moon
  weir room play moon --rate 50        while they play, only the rate changes";
pub(in crate::cli) const PAUSE: &str = "\
Examples:
  weir room pause moon
  weir room play moon                  goes on";
pub(in crate::cli) const DEAD: &str = "\
Examples:
  weir room dead";
pub(in crate::cli) const COMPARE: &str = "\
Examples:
  weir room compare
  weir room compare --moves 1000 --json

It plays in a room of its own and kills it under none, after and before. At the
end, after an error and after Ctrl-C it restores rooms.backup.";
