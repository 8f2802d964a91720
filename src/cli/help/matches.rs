//! Examples of the commands below `weir match`.

pub(in crate::cli) const LIST: &str = "\
Examples:
  weir match list
  weir match list --json | jq .matches[0].watchers";
pub(in crate::cli) const ADD: &str = "\
Examples:
  weir match add
  weir match play --match $(weir match add --json | jq -r .id)";
pub(in crate::cli) const SHOW: &str = "\
Examples:
  weir match show
  weir match show --json | jq .now.last_ms";
pub(in crate::cli) const PLAY: &str = "\
Examples:
  weir match play                      2 events per second, from seed 1
  weir match play --rate 20            faster; while it plays, only the rate changes
  weir match play --seed 7 --events 1000";
pub(in crate::cli) const PAUSE: &str = "\
Examples:
  weir match pause
  weir match play                      goes on";
pub(in crate::cli) const STOP: &str = "\
Examples:
  weir match stop";
pub(in crate::cli) const AGAIN: &str = "\
Examples:
  weir match again
  weir match again && weir match play --seed 7";
pub(in crate::cli) const EVENT: &str = "\
Examples:
  weir match event begin --half first
  weir match event goal --side home --player 9 --minute 23
  weir match event substitution --side away --off 4 --on 12";
pub(in crate::cli) const CRASH: &str = "\
Examples:
  weir match crash                     the dispatcher; its watchers are closed
  weir match crash shard-0             its watchers get a gap";
pub(in crate::cli) const WATCH: &str = "\
Examples:
  weir match watch
  weir match watch --since 0           from the first event, if the server has it
  weir match watch --json | jq .event.text";
pub(in crate::cli) const LADDER: &str = "\
Examples:
  weir match ladder
  weir match ladder -c 1000 --rungs 0,4,5 --seconds 3
  weir match ladder --markdown > ladder.md

The ladder begins a new match. At the end, after an error and after Ctrl-C it
restores the settings. Exit code 4: the figures of a rung cannot be trusted.";
pub(in crate::cli) const MACHINE: &str = "\
Examples:
  weir match machine
  weir match machine --json | jq .machine.send_us";
