//! Labs on one registry in memory.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::super::tests::{lab, until};
use super::super::{AnswerState, JobsError, JobsLab};
use crate::nodes::{Common, MemoryBus, MemoryNames};

const LIMIT: Duration = Duration::from_secs(30);

struct Node {
    lab: Arc<JobsLab>,
    names: MemoryNames,
}

impl Node {
    async fn start(node: &str, names: MemoryNames, bus: MemoryBus) -> Self {
        let lab = lab(&[]);
        let common = Common { names: Arc::new(names.clone()), bus: Arc::new(bus) };
        lab.share(node.to_owned(), format!("http://{node}"), common).await.unwrap();
        Self { lab, names }
    }

    async fn two() -> (Self, Self) {
        let (names, bus) = (MemoryNames::new("left"), MemoryBus::default());
        let right = (names.node("right"), bus.node());
        (Self::start("left", names, bus).await, Self::start("right", right.0, right.1).await)
    }

    /// The owner of a name, as this node knows it.
    fn owner(&self, name: &str) -> Option<(String, u64)> {
        self.lab.place(name).map(|place| (place.node, place.generation))
    }

    async fn knows(&self, name: &str, owner: Option<(&str, u64)>) {
        let owner = owner.map(|(node, generation)| (node.to_owned(), generation));
        let known = async {
            while self.owner(name) != owner {
                sleep(Duration::from_millis(1)).await;
            }
        };
        let known = timeout(LIMIT, known).await;
        known.unwrap_or_else(|_| panic!("never {owner:?}: {:?}", self.owner(name)));
    }

    async fn marks(&self, word: &str) {
        until(&self.lab, word, |_| self.lab.snapshot_since(0).marks.iter().any(|mark| mark.word == word))
            .await;
    }
}

#[tokio::test]
async fn a_name_is_registered_once_over_all_nodes_and_each_knows_where() {
    let (left, right) = Node::two().await;
    left.lab.register("sum").await.unwrap();
    let error = right.lab.register("sum").await.unwrap_err();
    assert_eq!(error.to_string(), "sum is registered already: the node left owns it, in generation 1");
    assert!(matches!(left.lab.register("sum").await, Err(JobsError::Taken { .. })), "here as well");
    right.knows("sum", Some(("left", 1))).await;

    // Only its owner runs calls; a face passes them on.
    let called = left.lab.call("sum", 100).await.unwrap();
    assert_eq!((called.node.as_str(), called.generation, called.calls), ("left", 1, 1));
    assert_eq!((called.job.state, called.job.result.as_deref()), (AnswerState::Done, Some("5050")));
    assert!(matches!(right.lab.call("sum", 100).await, Err(JobsError::NoName { .. })));
    let rows = |node: &Node| -> Vec<_> {
        node.lab.names().into_iter().map(|row| (row.name, row.node, row.here, row.calls)).collect()
    };
    let (name, owner) = ("sum".to_owned(), "left".to_owned());
    assert_eq!(rows(&left), [(name.clone(), owner.clone(), true, Some(1))]);
    assert_eq!(rows(&right), [(name, owner, false, None)]);

    // A removed name is free for all.
    left.lab.unregister("sum").await.unwrap();
    right.knows("sum", None).await;
    assert!(matches!(left.lab.unregister("sum").await, Err(JobsError::NoName { .. })));
    let place = timeout(LIMIT, async {
        loop {
            match right.lab.register("sum").await {
                // The right may hold the name for the moment in which it learns that it is removed.
                Err(JobsError::Taken { .. }) => sleep(Duration::from_millis(1)).await,
                registered => break registered.unwrap(),
            }
        }
    });
    assert_eq!(place.await.unwrap().node, "right");
}

#[tokio::test]
async fn a_name_whose_owner_is_lost_is_taken_over_and_the_lost_owner_answers_nothing() {
    let (left, right) = Node::two().await;
    left.lab.register("sum").await.unwrap();
    right.knows("sum", Some(("left", 1))).await;
    left.lab.call("sum", 3).await.unwrap();

    // The left is paused past its lease: it does not know yet, and its claim is not valid.
    left.names.pause(true);
    right.knows("sum", Some(("right", 2))).await;
    assert!(matches!(left.lab.call("sum", 3).await, Err(JobsError::NoName { .. })));
    let called = right.lab.call("sum", 3).await.unwrap();
    assert_eq!((called.node.as_str(), called.generation, called.calls), ("right", 2, 1));
    right.marks("sum: here, generation 2").await;

    // It goes on, learns it, and waits like every other node.
    left.names.pause(false);
    left.knows("sum", Some(("right", 2))).await;
    left.marks("sum: given up, generation 2 is elsewhere").await;
    right.names.pause(true);
    left.knows("sum", Some(("left", 3))).await;
    right.names.pause(false);
    right.knows("sum", Some(("left", 3))).await;

    // An owner that shuts down gives its names up at once.
    let nothing = crate::lab::Lab::drain(&*left.lab, Duration::from_secs(1)).await;
    assert_eq!(nothing, None);
    right.knows("sum", Some(("right", 4))).await;
    assert!(matches!(left.lab.register("other").await, Err(JobsError::Refused(_))));
}

#[tokio::test]
async fn a_server_alone_has_names_of_its_own() {
    let lab = lab(&[]);
    let place = lab.register("sum").await.unwrap();
    assert_eq!((place.generation, place.is_here), (1, true));
    let called = lab.call("sum", 13).await.unwrap();
    assert_eq!((called.calls, called.job.state), (1, AnswerState::Failed));
    lab.unregister("sum").await.unwrap();
    assert_eq!(lab.names(), []);
    for name in ["", "Sum", "a b", &"a".repeat(41)] {
        assert!(matches!(lab.register(name).await, Err(JobsError::Name { .. })), "{name}");
    }
}
