//! The data folder of a running server: an edit of it waits for a restart.

use super::{Folder, Server, until};

/// How many runs a folder has.
fn runs(folder: &Folder, directory: &str) -> usize {
    let files = std::fs::read_dir(folder.0.join(directory).join("runs"));
    files.map_or(0, |files| files.flatten().filter(|file| file.path().extension().is_some()).count())
}

#[test]
fn an_edit_of_the_data_folder_changes_neither_what_is_listed_nor_where_runs_are_kept() {
    let folder = Folder::new("directory");
    let config = |directory: &str, mean: &str| {
        folder.write(&format!(
            "[data]\ndirectory = \"{directory}\"\n[resource]\nlatency = {{ mean = \"{mean}\" }}\n"
        ));
    };
    config("one", "2ms");
    let server = Server::start(&folder, &[]);
    let shown = || {
        let output = folder.run(&["snapshot", "--json", "--listen", &server.address]);
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    config("two", "1ms");
    let note = "data.directory cannot change while running: still \"one\"; restart to use \"two\"";
    until("the note", || shown()["config"]["notes"] == serde_json::json!([note]));
    // The rest of the edit is in force.
    let changes = shown()["config"]["changes"].to_string();
    assert!(changes.contains("resource.latency") && !changes.contains("data.directory"), "{changes}");
    let target = format!("http://{}/serial", server.address);
    let load = folder.run(&["load", &target, "-n", "20", "-c", "2", "-q", "--no-save"]);
    assert!(load.status.success(), "{load:?}");
    server.signal("-INT");
    let (code, said) = server.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches(note).count(), 1, "{said}");
    assert_eq!((runs(&folder, "one"), folder.0.join("two").exists()), (1, false), "{said}");
}
