//! `weir components`, `weir kill` and `weir restart` on a running server.

use super::{Folder, Server, text, until, words};

#[test]
fn stages_and_workers_are_listed_killed_and_restarted_from_the_command_line() {
    let folder = Folder::new("kill");
    let flags = ["consumers.concurrency=2", "consumers.max_demand=3", "resource.latency.mean=30s"];
    let flags = flags.map(|flag| ["--set", flag]).concat();
    let server = Server::start(&folder, &flags);
    for _ in 0..8 {
        assert!(server.request("GET /pipelined").ends_with("OK"));
    }
    let run = |args: &[&str]| folder.run(&[args, &["--listen", &server.address]].concat());
    let shown = || text(&run(&["components"]).stdout);
    until("both workers are at work", || shown().matches("; prefetched 2: ").count() == 2);
    let said = shown();
    assert!(said.contains("└─ consumers") && said.contains("pool, since 0."), "{said}");
    assert!(said.contains("accepted 8 = done 0 + failed 0 + dropped 0 + held 8"), "{said}");

    let output = run(&["kill", "consumers"]);
    let said = text(&output.stdout);
    let cost = "killed consumers: 2 events in hand failed, 4 requeued; running again after ";
    assert!(output.status.success() && said.starts_with(cost), "{said}");
    until("the new workers are at work", || shown().matches("; prefetched ").count() == 2);
    assert!(shown().contains("1 restart (killed)"), "{}", shown());

    let json: serde_json::Value = serde_json::from_slice(&run(&["components", "--json"]).stdout).unwrap();
    let id = json["supervisor"]["stages"][1]["workers"][0]["id"].to_string();
    let said = text(&run(&["kill", &format!("consumers/{id}")]).stdout);
    let cost = format!("killed worker {id} of consumers: 1 event in hand failed, ");
    assert!(said.starts_with(&cost), "{said}");
    let said = text(&run(&["restart", "queue"]).stdout);
    assert!(said.starts_with("restarted queue: no event failed; running again after "), "{said}");

    for (args, code, why) in [
        (&["kill", "pool"][..], 1, "there is no component \"pool\"; there are queue and consumers"),
        (&["kill", "jobs"], 2, "jobs is a lab, not a component; `weir jobs kill ID` kills one of its jobs"),
        (&["kill", "jobs/7"], 2, "`weir jobs kill 7` kills one of its jobs"),
        (&["kill", "consumers/0"], 1, "consumers has no worker \"0\", or it has just ended"),
        (&["kill", "../reset"], 2, "expected the name of a component, or NAME/WORKER"),
        (
            &["restart", "consumers/1"],
            2,
            "a worker cannot be restarted; `weir kill consumers/1` replaces it",
        ),
    ] {
        let output = run(args);
        let said = words(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(why), "{args:?}: {said}");
    }
}

#[test]
fn the_parts_of_the_jobs_lab_are_listed_below_the_tree() {
    let folder = Folder::new("components-jobs");
    let server = Server::start(&folder, &["--set", "jobs.load.workers=150"]);
    let shown = || text(&folder.run(&["components", "--listen", &server.address]).stdout);
    until("both supervisors run", || shown().contains("150 workers under 2 supervisors, 0 restarts"));
    let said = shown();
    let lab: Vec<&str> = said
        .lines()
        .skip_while(|line| !line.starts_with("jobs "))
        .take_while(|line| !line.is_empty())
        .collect();
    assert_eq!(lab.len(), 3, "{said}");
    assert!(lab[0].ends_with("lab; for its orders, see weir jobs --help"), "{said}");
    assert!(lab[1].starts_with("├─ weir-jobs-0    running    "), "{said}");
    assert!(lab[1].ends_with(" % of a core, 150 workers, 0 submitted jobs"), "{said}");
    assert!(lab[2].starts_with("└─ workers        running    150 workers"), "{said}");
}
