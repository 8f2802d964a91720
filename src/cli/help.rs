//! The end of each `--help`: examples and exit codes.

mod labs;
pub(super) mod queue;

pub(super) use labs::{LOAD_ROOMS, LOAD_WATCH, PREDICT_ROOMS, PREDICT_WATCH};
pub(super) use queue::QUEUE;

pub(super) const WEIR: &str = "\
Examples:
  weir                                 serve the page at http://127.0.0.1:4000
  weir load pipelined -n 1000 -c 50    load it, from another terminal
  weir exercise                        start the workshop

Exit codes:
  0    success
  1    something outside failed: no server, address in use, disk full;
       or the check of an exercise did not pass
  2    wrong arguments or configuration
  3    accepted events were lost: the drain timeout passed
  4    a run was made, but its figures cannot be trusted
  5    the server drained, but could not store a run
  130  stopped at once by a second Ctrl-C, or a load by the first";
pub(super) const SERVE: &str = "\
Examples:
  weir serve --listen 127.0.0.1:0
  weir serve --set resource.latency.mean=20ms --set consumers.concurrency=10";
pub(super) const CHECK_CONFIG: &str = "\
Examples:
  weir check-config --config other.toml
  weir check-config --json | jq .effective.queue";
pub(super) const LOAD: &str = "\
Examples:
  weir load pipelined -n 1000 -c 50
  weir load serial --rate 100:10s,100..400:20s --name ramp
  weir load http://127.0.0.1:8080/ -d 30s
  weir load watch -c 10000         in the matches lab
  weir load rooms --kill 1/s       in the rooms lab";
pub(super) const SIMULATE: &str = "\
Examples:
  weir simulate pipelined -n 1000 -c 50
  weir simulate serial --rate 150 -d 10min --set resource.latency.mean=50ms
  weir simulate pipelined -n 1000 --edit 20s:consumers.concurrency=10
  weir simulate jobs --rogues 10    in the jobs lab";
pub(super) const PREDICT: &str = "\
Examples:
  weir predict pipelined -n 1000 -c 50
  weir predict pipelined --rate 150 -d 60s --set consumers.concurrency=10
  weir predict jobs --rogues 10    in the jobs lab
  weir predict watch -c 10000      in the matches lab
  weir predict rooms --moves 5/s   in the rooms lab";
pub(super) const PREDICT_JOBS: &str = "\
Examples:
  weir predict jobs --rogues 10 --slice 50000 --workers 10000 --rate 1
  weir predict jobs --rogues 1 --isolation task";
pub(super) const SIMULATE_JOBS: &str = "\
Examples:
  weir simulate jobs --rogues 10 --slice 50000 --workers 10000 --rate 1
  weir simulate jobs --rogues 100 -d 60s --seed 7 --json | jq .lateness";
pub(super) const COMPARE: &str = "\
Examples:
  weir compare last                compare a run with theory and simulation
  weir compare before after        compare two runs
  weir compare before after --skip 5s
  weir compare last last~1 last~2  show three runs side by side";
pub(super) const RUNS: &str = "\
Examples:
  weir runs list
  weir runs show last
  weir runs export last --html -o report.html";
pub(super) const EXERCISE: &str = "\
Examples:
  weir exercise                          goes on where you left off, and asks
  weir exercise start knee
  weir exercise predict knee rate=90
  weir exercise check knee";
pub(super) const SNAPSHOT: &str = "\
Examples:
  weir snapshot
  weir snapshot --json --url http://127.0.0.1:4001 | jq .queue.depth";
pub(super) const COMPONENTS: &str = "\
Examples:
  weir components
  weir components --json | jq '.supervisor.stages[1].workers[].event'

Below the tree is what each lab runs. `weir jobs` has the orders to the jobs lab.";
pub(super) const KILL: &str = "\
Examples:
  weir kill consumers
  weir kill consumers/37    one worker, by its number in `weir components`

Events in hand fail; prefetched events go back to the queue's stage.
Jobs of the jobs lab are killed by `weir jobs kill`.";
pub(super) const RESTART: &str = "\
Examples:
  weir restart consumers    they have 3 s to finish the events in hand
  weir restart queue";
pub(super) const JOBS: &str = "\
Examples:
  weir jobs load --workers 10000
  weir jobs submit -- -1
  weir jobs top --watch

Exit codes:
  0    success
  1    no server answers, or it refuses (no such job, or the job has ended);
       or the job of `submit --wait` has failed
  2    wrong arguments, an invalid input, or invalid code";
pub(super) const MATCH: &str = "\
Examples:
  weir match play
  weir load watch -c 10000    10,000 watchers, from another terminal
  weir match show
  weir match ladder           climb from the slowest configuration to the fastest

Exit codes:
  0    success
  1    no server answers, or it refuses (no such match, or against the rules)
  2    wrong arguments
  130  the ladder was ended by Ctrl-C; the configuration is as before";
pub(super) const ROOM: &str = "\
Examples:
  weir room join moon ada
  weir room play moon --rate 5
  weir room status moon --follow       from another terminal
  weir room kill moon
  weir room compare           the same kill under each rooms.backup

Exit codes:
  0    success
  1    no server answers, or it refuses (no such room, or against the rules)
  2    wrong arguments
  130  the comparison was ended by Ctrl-C; the configuration is as before";
pub(super) const PAUSE: &str = "\
Examples:
  weir pause
  weir pause --url http://127.0.0.1:4001";
pub(super) const RESUME: &str = "\
Examples:
  weir resume
  weir resume --url http://127.0.0.1:4001";
pub(super) const PURGE: &str = "\
Examples:
  weir purge
  weir pause && weir purge && weir resume    also drop the events that arrive meanwhile";
pub(super) const SET: &str = "\
Examples:
  weir set consumers.concurrency=3
  weir set resource.latency.mean=20ms queue.capacity=100 --check
  weir set consumers.concurrency=3 --write";
pub(super) const RESET: &str = "\
Examples:
  weir reset
  weir purge && weir reset && weir load pipelined";
pub(super) const COMPLETIONS: &str = "\
Examples:
  source <(weir completions bash)
  source <(weir completions zsh)
  weir completions fish > ~/.config/fish/completions/weir.fish";

/// Examples of the commands below `weir runs`.
pub(super) mod runs {
    pub(in crate::cli) const LIST: &str = "\
Examples:
  weir runs list
  weir runs list --json | jq '.runs[-1].rate'";
    pub(in crate::cli) const SHOW: &str = "\
Examples:
  weir runs show last
  weir runs show last --skip 5s            without the first five seconds
  weir runs show before --json | jq .audit";
    pub(in crate::cli) const EXPORT: &str = "\
Examples:
  weir runs export last --html -o report.html
  weir runs export before after --html --skip 5s > comparison.html
  weir runs export last --csv > series.csv
  weir runs export last --csv --what histogram -o times.csv";
    pub(in crate::cli) const RENAME: &str = "\
Examples:
  weir runs rename last before
  weir runs rename before ''    remove the name";
    pub(in crate::cli) const DELETE: &str = "\
Examples:
  weir runs delete last
  weir runs delete before 2026-11-21-064649-serial";
    pub(in crate::cli) const IMPORT: &str = "\
Examples:
  ab -n 1000 -c 50 -e ab.csv http://127.0.0.1:4000/serial > ab.txt
  weir runs import ab.txt ab.csv --name ab
  wrk --latency http://127.0.0.1:4000/serial | weir runs import -";
}

/// Examples of the commands below `weir jobs`.
pub(super) mod jobs {
    pub(in crate::cli) const SUBMIT: &str = "\
Examples:
  weir jobs submit 100 --wait
  weir jobs submit -1                  never ends with the original code
  weir jobs submit 13 --wait --json | jq .why";
    pub(in crate::cli) const TOP: &str = "\
Examples:
  weir jobs top
  weir jobs top --watch
  weir jobs top --json | jq .top[0].id";
    pub(in crate::cli) const STACK: &str = "\
Examples:
  weir jobs stack 48215
  weir jobs stack 48215 --json | jq .stack[0]";
    pub(in crate::cli) const TRACE: &str = "\
Examples:
  weir jobs trace 48215
  weir jobs trace 48215 --calls 10 --for 200ms";
    pub(in crate::cli) const KILL: &str = "\
Examples:
  weir jobs kill 48215";
    pub(in crate::cli) const LOAD: &str = "\
Examples:
  weir jobs load                       print the current load
  weir jobs load --workers 10000 --rate 1
  weir jobs load --fail-share 0.02     2 % of the jobs submit 13
  weir jobs load --workers 0           end the load";
    pub(in crate::cli) const REHEARSE: &str = "\
Examples:
  weir jobs rehearse                   the file of jobs.code
  weir jobs rehearse jobs/repaired.wat
  weir jobs rehearse --json | jq .differences";
    pub(in crate::cli) const SWAP: &str = "\
Examples:
  weir jobs swap                       the code rehearsed last
  weir jobs swap jobs/repaired.wat     rehearse it first";
    pub(in crate::cli) const BACK: &str = "\
Examples:
  weir jobs back";
    pub(in crate::cli) const HISTORY: &str = "\
Examples:
  weir jobs history
  weir jobs history --json | jq .[0].version";
    pub(in crate::cli) const REGISTER: &str = "\
Examples:
  weir jobs register sum
  weir jobs register sum --url http://127.0.0.1:4001";
    pub(in crate::cli) const CALL: &str = "\
Examples:
  weir jobs call sum 100
  weir jobs call sum 100 --url http://127.0.0.1:4001
  weir jobs call sum 100 --json | jq -r .node";
    pub(in crate::cli) const NAMES: &str = "\
Examples:
  weir jobs names
  weir jobs names --json | jq '.names[] | select(.here)'";
    pub(in crate::cli) const UNREGISTER: &str = "\
Examples:
  weir jobs unregister sum";
    pub(in crate::cli) const RESET: &str = "\
Examples:
  weir jobs reset";
}

pub(super) mod matches;

pub(super) mod rooms;

/// Examples of the commands below `weir exercise`.
pub(super) mod exercise {
    pub(in crate::cli) const LIST: &str = "\
Examples:
  weir exercise list
  weir exercise list --json | jq '.exercises[] | select(.finished) | .id'";
    pub(in crate::cli) const START: &str = "\
Examples:
  weir exercise start        show the first unfinished exercise
  weir exercise start knee";
    pub(in crate::cli) const PREDICT: &str = "\
Examples:
  weir exercise predict enqueue-1000                     print the questions
  weir exercise predict enqueue-1000 peak_depth=900 drain=60s";
    pub(in crate::cli) const CHECK: &str = "\
Examples:
  weir exercise check knee
  weir exercise check knee --again

Exit code: 0 if every answer is right, 1 if not.";
    pub(in crate::cli) const HINT: &str = "\
Examples:
  weir exercise hint knee    again for the next hint";
    pub(in crate::cli) const SOLUTION: &str = "\
Examples:
  weir exercise solution knee";
    pub(in crate::cli) const RESET: &str = "\
Examples:
  weir exercise reset knee
  weir exercise reset --all";
    pub(in crate::cli) const WATCH: &str = "\
Examples:
  weir exercise watch write-a-stage    then save exercise.rs";
    pub(in crate::cli) const VERIFY: &str = "\
Examples:
  weir exercise verify knee
  weir exercise verify --texts

Exit code: 0 if the exercises are sound, 1 if not.";
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    /// Every visible command, with its full name.
    fn all(path: &str, command: &Command, found: &mut Vec<(String, Command)>) {
        let path = format!("{path} {}", command.get_name());
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            all(&path, below, found);
        }
        found.push((path.trim_start().to_owned(), command.clone()));
    }

    #[test]
    fn every_help_has_examples_of_its_own_command_within_eighty_columns() {
        let mut command = super::super::Args::command().term_width(80);
        command.build();
        let mut found = Vec::new();
        all("", &command, &mut found);
        assert!(found.len() > 25, "{}", found.len());
        for (path, mut command) in found {
            if path.split(' ').any(|name| name == "help") {
                continue;
            }
            let help = command.render_long_help().to_string();
            let examples =
                help.split_once("Examples:\n").unwrap_or_else(|| panic!("{path}: no examples")).1;
            // `runs compare` is `compare` under another name.
            let own = path.replace("weir runs compare", "weir compare");
            assert!(examples.contains(&own), "{path}: {examples}");
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{path}: {line:?} is too wide");
            }
        }
    }
}
