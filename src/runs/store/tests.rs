use std::time::UNIX_EPOCH;

use proptest::prelude::*;

use super::*;
use crate::record::date;
use crate::runs::sample;

/// A folder of its own, which goes away with the test.
struct Folder(Store);

impl Folder {
    fn new(name: &str) -> Self {
        let unique = format!("weir-store-{}-{name}", std::process::id());
        let _ = fs::remove_dir_all(std::env::temp_dir().join(&unique));
        Self(Store::new(std::env::temp_dir().join(unique).join("runs")))
    }

    /// Saves a run that began `seconds` after the first.
    fn put(&self, second: u32, name: Option<&str>, origin: Origin) -> String {
        let id = format!("2026-11-21-0535{second:02}-serial");
        let began = format!("2026-11-21T05:35:{second:02}Z");
        let run = Run { id: id.clone(), name: name.map(ToOwned::to_owned), began, origin, ..sample() };
        self.0.save(&run).unwrap();
        id
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.directory().parent().unwrap());
    }
}

#[test]
fn a_run_is_kept_listed_renamed_and_deleted() {
    let folder = Folder::new("life");
    let store = &folder.0;
    assert_eq!(store.list().unwrap(), Listing::default());
    store.save(&sample()).unwrap();
    assert_eq!(store.load("before").unwrap(), sample());
    let listed = store.list().unwrap().runs.remove(0);
    assert_eq!(listed.load.as_deref(), Some("closed, 2 clients, 5 requests"));
    // Four answers are no rate.
    assert_eq!(
        (listed.rate, listed.p99_ms, listed.valid, listed.verdict),
        (None, Some(620.031), true, Validity::Valid)
    );
    store.rename("last", Some("before the change")).unwrap();
    assert_eq!(store.load("last").unwrap().name.as_deref(), Some("before the change"));
    store.rename("last", None).unwrap();
    assert_eq!(store.delete("2026").unwrap(), sample().id);
    assert!(matches!(store.load("last"), Err(StoreError::NotFound { known: 0, .. })));
    assert_eq!(fs::read_dir(store.directory()).unwrap().count(), 0, "nothing is left over");
}

#[test]
fn a_run_is_found_by_what_it_alone_has() {
    let folder = Folder::new("find");
    let [first, second, third] = [(1, Some("soak")), (2, Some("soap")), (11, None)]
        .map(|(t, name)| folder.put(t, name, Origin::Load));
    let find = |reference: &str| folder.0.find(reference);
    assert_eq!(find("soak").unwrap(), first);
    assert_eq!(find("last").unwrap(), third);
    assert_eq!(find("last~2").unwrap(), first);
    assert_eq!(find("2026-11-21-05351").unwrap(), third);
    let ambiguous = find("soa").unwrap_err().to_string();
    assert_eq!(ambiguous, format!("\"soa\" fits several runs: {first} (soak), {second} (soap)"));
    for unknown in ["last~3", "lastly", "soaked", "*"] {
        assert!(matches!(find(unknown), Err(StoreError::NotFound { known: 3, .. })), "{unknown}");
    }
    for bad in ["", "last~x", "../runs/x", ".."] {
        assert!(matches!(find(bad), Err(StoreError::BadReference(_))), "{bad}");
    }
    let taken = folder.0.rename("soap", Some("soak")).unwrap_err();
    assert_eq!(taken.to_string(), format!("the name \"soak\" is taken by the run {first}"));
}

#[test]
fn what_is_not_a_run_is_passed_over_and_said() {
    let folder = Folder::new("skip");
    folder.put(1, None, Origin::Load);
    let put = |file: &str, text: &str| fs::write(folder.0.directory().join(file), text).unwrap();
    put("half.json", "{\"format\": 1,");
    put("later.json", "{\"format\": 9}");
    put("what is this.json", "{}");
    put(".2026.1234.tmp", "{");
    put("notes.txt", "");
    fs::create_dir(folder.0.directory().join("folder.json")).unwrap();
    let listing = folder.0.list().unwrap();
    assert_eq!(listing.runs.len(), 1);
    let files: Vec<&str> = listing.skipped.iter().map(|skipped| skipped.file.as_str()).collect();
    assert_eq!(files, ["folder.json", "half.json", "later.json", "what is this.json"]);
    assert_eq!(listing.skipped[0].why, "it is not a regular file");
    let error = folder.0.load("half").unwrap_err().to_string();
    assert!(error.contains("half.json: not a run: EOF"), "{error}");
    let error = folder.0.load("hal").unwrap_err().to_string();
    assert!(error.starts_with("no run \"hal\" among the 1"), "{error}");
}

#[test]
fn a_copy_under_another_name_is_another_run() {
    let folder = Folder::new("copy");
    let id = folder.put(1, None, Origin::Load);
    fs::copy(folder.0.path(&id).unwrap(), folder.0.path("copy").unwrap()).unwrap();
    assert_eq!(folder.0.load("copy").unwrap().id, "copy");
    let path = folder.0.path(&id).unwrap();
    assert_eq!(folder.0.open(path.to_str().unwrap()).unwrap().id, id);
    let missing = folder.0.open("nowhere/x.json").unwrap_err().to_string();
    assert!(missing.starts_with("cannot read nowhere/x.json: "), "{missing}");
}

#[test]
fn a_list_of_many_runs_reads_only_those_that_have_changed() {
    let folder = Folder::new("index");
    for second in 0..50 {
        folder.put(second, None, Origin::Load);
    }
    fs::write(folder.0.directory().join("half.json"), "{").unwrap();
    let first = folder.0.list().unwrap();
    assert_eq!((first.runs.len(), first.skipped.len()), (50, 1));
    // An entry that no file says: only the index can.
    let path = folder.0.directory().parent().unwrap().join("runs-index.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("closed, 2 clients", "told by the index")).unwrap();
    let told = |listing: &Listing| {
        listing.runs.iter().filter(|run| run.load.as_ref().unwrap().contains("by the index")).count()
    };
    let second = folder.0.list().unwrap();
    assert_eq!((told(&second), second.skipped, second.runs.len()), (50, first.skipped, 50));
    // What is changed, added or deleted is read as it is.
    folder.0.rename("2026-11-21-053507-serial", Some("renamed")).unwrap();
    folder.0.delete("2026-11-21-053508-serial").unwrap();
    folder.put(55, None, Origin::Load);
    let third = folder.0.list().unwrap();
    assert_eq!((told(&third), third.runs.len()), (48, 50));
    assert!(third.runs.iter().any(|run| run.name.as_deref() == Some("renamed")));
    // An index of nonsense is none.
    fs::write(&path, "nonsense").unwrap();
    assert_eq!(told(&folder.0.list().unwrap()), 0);
}

#[test]
fn a_folder_that_is_full_takes_no_other_run_and_says_how_to_make_room() {
    let folder = Folder::new("full");
    let ids = [0, 1, 2].map(|second| folder.put(second, None, Origin::Load));
    let room = |id: &str, most| folder.0.has_room(&folder.0.path(id).unwrap(), most);
    assert!(room("another", 4).is_ok() && room(&ids[0], 3).is_ok());
    let error = room("another", 3).unwrap_err();
    assert!(error.to_string().ends_with("holds 3 runs, the limit. Delete some with `weir runs delete`"));
    assert!(!error.is_request());
}

#[test]
fn pruning_keeps_the_named_the_newest_and_what_was_asked_for() {
    let folder = Folder::new("prune");
    for second in 0..5 {
        folder.put(second, None, Origin::Recorded);
    }
    folder.put(5, Some("kept"), Origin::Recorded);
    folder.put(6, None, Origin::Load);
    assert_eq!(folder.0.prune(2).unwrap().len(), 3);
    let left: Vec<String> = folder.0.list().unwrap().runs.into_iter().map(|run| run.id).collect();
    assert_eq!(left, [3, 4, 5, 6].map(|n| format!("2026-11-21-05350{n}-serial")));
    assert_eq!(folder.0.prune(2).unwrap().len(), 0);
}

#[test]
fn a_disk_that_says_no_is_named_with_its_reason() {
    let folder = Folder::new("disk");
    fs::create_dir_all(folder.0.directory().parent().unwrap()).unwrap();
    fs::write(folder.0.directory(), "a file where the folder should be").unwrap();
    let path = folder.0.directory().display().to_string();
    let save = folder.0.save(&sample()).unwrap_err().to_string();
    assert!(save.starts_with(&format!("cannot create the folder {path}: ")), "{save}");
    let list = folder.0.list().unwrap_err().to_string();
    assert!(list.starts_with(&format!("cannot read the folder {path}: ")), "{list}");
}

#[test]
fn a_run_that_cannot_be_put_in_its_place_leaves_nothing() {
    let folder = Folder::new("place");
    let path = folder.0.path(&sample().id).unwrap();
    fs::create_dir_all(path.join("in the way")).unwrap();
    let error = folder.0.save(&sample()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot write {}: ", path.display())), "{error}");
    assert_eq!(fs::read_dir(folder.0.directory()).unwrap().count(), 1, "only what was in the way");
}

#[test]
fn an_id_says_when_and_what() {
    let began = UNIX_EPOCH + std::time::Duration::from_secs(1_795_239_305);
    assert_eq!(date(began), "2026-11-21T05:35:05Z");
    let id = |target, origin| id_for(began, target, origin);
    assert_eq!(id("serial", Origin::Load), "2026-11-21-053505-serial");
    assert_eq!(
        id("http://127.0.0.1:4000/part1/serial?a=b", Origin::Ab),
        "2026-11-21-053505-part1-serial-ab"
    );
    assert_eq!(id("http://127.0.0.1:4000/", Origin::Wrk), "2026-11-21-053505-127.0.0.1-4000-wrk");
    assert_eq!(id("\u{e9}", Origin::Load), "2026-11-21-053505");
    let folder = Folder::new("ids");
    assert_eq!(folder.put(5, None, Origin::Load), "2026-11-21-053505-serial");
    assert_eq!(folder.0.new_id(began, "serial", Origin::Load), "2026-11-21-053505-serial-2");
    assert!(is_id(&id(&"x".repeat(500), Origin::Simulated)));
}

#[test]
fn the_calendar_has_an_end() {
    assert_eq!(date(UNIX_EPOCH - std::time::Duration::from_secs(1)), "1970-01-01T00:00:00Z");
    assert_eq!(date(UNIX_EPOCH + std::time::Duration::from_secs(1 << 40)), "9999-12-31T23:59:59Z");
}

#[test]
fn a_name_is_plain() {
    for name in ["before the change", "caf\u{e9}", "lastly", "v1.2"] {
        check_name(name).unwrap();
    }
    for name in ["", " x", "last", "last~1", "a/b", "a\\b", "a\u{1b}[0m", &"x".repeat(81)] {
        assert!(matches!(check_name(name), Err(StoreError::BadName(_))), "{name:?}");
    }
    assert!(matches!(Store::new("x".into()).path("../x"), Err(StoreError::BadId(_))));
}

proptest! {
    #[test]
    fn no_reference_leads_out_of_the_folder(
        parts in prop::collection::vec("(\\.\\.|/|\\\\|%2e|secret|\\.json|\0|[a-z.~-]{1,3})", 0..6),
    ) {
        let folder = Folder::new("out");
        fs::create_dir_all(folder.0.directory()).unwrap();
        let outside = folder.0.directory().parent().unwrap().join("secret.json");
        fs::write(&outside, to_json(&sample()).unwrap()).unwrap();
        let reference = parts.concat();
        prop_assert!(folder.0.load(&reference).is_err());
        prop_assert!(folder.0.delete(&reference).is_err());
        prop_assert!(folder.0.rename(&reference, Some("mine")).is_err());
        if let Ok(path) = folder.0.path(&reference) {
            prop_assert_eq!(path.parent(), Some(folder.0.directory()));
        }
        prop_assert!(outside.exists());
    }
}
