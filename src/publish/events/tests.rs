//! Listeners over hand-made snapshots: what each is told, and what it is not.

use futures::StreamExt as _;
use tokio::time::timeout;

use super::*;
use crate::assess::snapshot::SuiteSnapshot;
use crate::publish::fixture::{busy, resting, snapshot};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster whose snapshots follow from each other as the board's do.
struct Board {
    sender: watch::Sender<Arc<Snapshot>>,
    events: Events,
}

impl Board {
    fn new(suites: Vec<SuiteSnapshot>) -> Self {
        Self::with(suites, Tempo { sign_of_life: PATIENCE * 2, pace: Duration::ZERO, longest: PATIENCE * 2 })
    }

    fn with(suites: Vec<SuiteSnapshot>, tempo: Tempo) -> Self {
        let (sender, receiver) = watch::channel(Arc::new(snapshot(1, suites)));
        Self { sender, events: Events::new(receiver, tempo, "".into()) }
    }

    fn change(&self, change: impl FnOnce(&mut Snapshot)) {
        let mut next = Snapshot::clone(&self.sender.borrow());
        next.sequence += 1;
        change(&mut next);
        self.sender.send_replace(Arc::new(next));
    }

    fn set(&self, place: usize, suite: SuiteSnapshot) {
        self.change(|snapshot| snapshot.suites[place] = Arc::new(suite));
    }

    fn listen(&self, topic: Topic) -> Listening {
        Listening(Box::pin(self.events.stream(topic)))
    }
}

struct Listening(std::pin::Pin<Box<dyn Stream<Item = Bytes> + Send>>);

impl Listening {
    async fn next(&mut self) -> Option<String> {
        let next = timeout(PATIENCE, self.0.next()).await.expect("something comes");
        next.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// The next event: its number, its name, and the name of the suite in it.
    async fn event(&mut self) -> (u64, String, String) {
        let frame = self.next().await.expect("no end");
        let field =
            |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{frame}"));
        let data = field("data: ");
        let suite = serde_json::from_str::<serde_json::Value>(data)
            .map_or(data.to_owned(), |json| json["name"].as_str().unwrap().to_owned());
        (field("id: ").parse().unwrap(), field("event: ").to_owned(), suite)
    }

    async fn is_silent(&mut self) {
        assert!(timeout(Duration::from_millis(50), self.0.next()).await.is_err());
    }
}

fn event(id: u64, name: &str, suite: &str) -> (u64, String, String) {
    (id, name.to_owned(), suite.to_owned())
}

#[tokio::test]
async fn suites_are_told_at_once_and_when_they_change() {
    let board = Board::new(vec![resting("a"), resting("b")]);
    let mut all = board.listen(Topic::Suites);
    let mut one = board.listen(Topic::Suite("b".into()));
    assert_eq!(all.next().await.unwrap(), "retry: 3000\n\n");
    assert_eq!(one.next().await.unwrap(), "retry: 3000\n\n");
    assert_eq!((all.event().await, all.event().await), (event(1, "suite", "a"), event(1, "suite", "b")));
    assert_eq!(one.event().await, event(1, "suite", "b"));
    board.set(0, busy("a"));
    assert_eq!(all.event().await, event(2, "suite", "a"));
    one.is_silent().await;
    board.set(1, busy("b"));
    assert_eq!(all.event().await, event(3, "suite", "b"));
    assert_eq!(one.event().await, event(3, "suite", "b"));
    // Nothing is told twice.
    board.change(|_| {});
    all.is_silent().await;
    one.is_silent().await;
}

#[tokio::test]
async fn who_is_slow_is_told_the_newest_once() {
    let board = Board::new(vec![resting("a"), resting("b")]);
    let mut all = board.listen(Topic::Suites);
    all.next().await.unwrap();
    for _ in 0..5 {
        board.set(0, busy("a"));
    }
    assert_eq!((all.event().await, all.event().await), (event(1, "suite", "b"), event(6, "suite", "a")));
    all.is_silent().await;
}

#[tokio::test]
async fn one_that_is_watched_no_more_is_told() {
    let board = Board::new(vec![resting("a"), resting("b"), resting("c")]);
    let [mut all, mut one, mut page, mut other] =
        [Topic::Suites, Topic::Suite("b".into()), Topic::Page(Which::Suite("c".into())), Topic::Suite("a".into())]
            .map(|topic| board.listen(topic));
    for (listening, count) in [(&mut all, 4), (&mut one, 2), (&mut page, 2), (&mut other, 2)] {
        for _ in 0..count {
            listening.next().await.unwrap();
        }
    }
    board.change(|snapshot| snapshot.suites = vec![Arc::new(busy("a"))]);
    assert_eq!((all.event().await, all.event().await), (event(2, "gone", "b"), event(2, "gone", "c")));
    assert_eq!(all.event().await, event(2, "suite", "a"));
    assert_eq!(one.event().await, event(2, "gone", "b"));
    assert_eq!(page.event().await, event(2, "gone", "c"));
    assert_eq!(other.event().await, event(2, "suite", "a"));
    // It may come again.
    board.change(|snapshot| snapshot.suites = vec![Arc::new(busy("a")), Arc::new(resting("b"))]);
    assert_eq!(one.event().await, event(3, "suite", "b"));
    let mut late = board.listen(Topic::Suites);
    late.next().await.unwrap();
    assert_eq!((late.event().await, late.event().await), (event(3, "suite", "a"), event(3, "suite", "b")));
    late.is_silent().await;
}

#[tokio::test]
async fn a_page_is_told_only_where_it_looks_different() {
    let board = Board::new(vec![resting("a"), resting("b")]);
    let mut page = board.listen(Topic::Page(Which::Suite("a".into())));
    page.next().await.unwrap();
    assert!(page.next().await.unwrap().starts_with("id: 1\nevent: page\ndata: <main id=\"main\" "));
    // Judged anew with the same outcome, and at the same time.
    board.set(0, resting("a"));
    page.is_silent().await;
    board.set(1, busy("b"));
    page.is_silent().await;
    board.set(0, busy("a"));
    assert!(page.next().await.unwrap().starts_with("id: 4\nevent: page\n"));
    board.change(|snapshot| snapshot.sources = Arc::default());
    assert!(page.next().await.unwrap().starts_with("id: 5\nevent: page\n"));
    // Whoever comes now is told the same, made no second time.
    let mut late = board.listen(Topic::Page(Which::Suite("a".into())));
    late.next().await.unwrap();
    assert!(late.next().await.unwrap().starts_with("id: 5\nevent: page\n"));
}

#[tokio::test]
async fn all_who_listen_to_the_same_share_it() {
    let board = Board::new(vec![busy("a")]);
    let mut listening: Vec<_> =
        (0..3).map(|_| board.events.stream(Topic::Page(Which::Suite("a".into())))).map(Box::pin).collect();
    let mut told = Vec::new();
    for stream in &mut listening {
        stream.next().await.unwrap();
        told.push(stream.next().await.unwrap());
    }
    assert!(told.iter().all(|bytes| bytes.as_ptr() == told[0].as_ptr()), "one rendering serves all");
    assert_eq!(board.events.listeners(), 3);
    drop(listening);
    assert_eq!(board.events.listeners(), 0);
    assert!(
        told.into_iter()
            .reduce(|one, other| {
                drop(one);
                other
            })
            .unwrap()
            .is_unique(),
        "nothing is held for nobody"
    );
}

#[tokio::test]
async fn silence_has_signs_of_life() {
    let tempo = Tempo { sign_of_life: Duration::from_millis(20), pace: Duration::ZERO, longest: PATIENCE * 2 };
    let board = Board::with(vec![resting("a")], tempo);
    for (topic, sign) in [
        (Topic::Suite("a".into()), ": still here\n\n"),
        (Topic::Page(Which::Fleet { from: 0 }), ": still here\nevent: still\ndata:\n\n"),
    ] {
        let mut listening = board.listen(topic);
        listening.next().await.unwrap();
        listening.next().await.unwrap();
        assert_eq!(
            (listening.next().await.unwrap(), listening.next().await.unwrap()),
            (sign.to_owned(), sign.to_owned())
        );
    }
}

#[tokio::test]
async fn streams_end_with_the_snapshots_and_when_they_are_closed() {
    let board = Board::new(vec![resting("a")]);
    let mut closed = board.listen(Topic::Suites);
    closed.next().await.unwrap();
    closed.next().await.unwrap();
    board.events.close();
    assert_eq!(closed.next().await, None);
    assert_eq!(board.listen(Topic::Suites).next().await, None);

    let board = Board::new(vec![resting("a")]);
    let mut ended = board.listen(Topic::Suites);
    drop(board.sender);
    ended.next().await.unwrap();
    ended.event().await;
    assert_eq!(ended.next().await, None);
}

#[tokio::test]
async fn what_is_kept_is_bounded() {
    let board = Board::new((0..1200).map(|i| busy(&format!("s{i}"))).collect());
    let mut all = board.listen(Topic::Suites);
    let mut told = 0;
    for _ in 0..1201 {
        told += all.next().await.unwrap().len();
    }
    assert!(told > kept::MAX_BYTES, "there was more than may be kept: {told}");
    assert!(board.events.kept.lock().unwrap().bytes() <= kept::MAX_BYTES);
    all.is_silent().await;
}

#[tokio::test]
async fn news_of_others_puts_off_no_sign_of_life() {
    let tempo = Tempo { sign_of_life: Duration::from_millis(20), pace: Duration::ZERO, longest: PATIENCE * 2 };
    let board = Board::with(vec![resting("a"), resting("b")], tempo);
    let mut quiet = board.listen(Topic::Suite("a".into()));
    quiet.next().await.unwrap();
    quiet.event().await;
    let others = async {
        for i in 0.. {
            board.set(1, if i % 2 == 0 { busy("b") } else { resting("b") });
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        said = quiet.next() => assert!(said.unwrap().starts_with(':')),
        () = others => {}
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_door_and_with_its_time_and_can_be_begun_again() {
    let board = Board::new(vec![resting("a")]);
    let mut listening = board.listen(Topic::Suites);
    listening.next().await.unwrap();
    listening.event().await;
    board.events.renew();
    assert_eq!(listening.next().await, None);
    let mut again = board.listen(Topic::Suites);
    again.next().await.unwrap();
    assert_eq!(again.event().await, event(1, "suite", "a"));

    let tempo = Tempo { sign_of_life: PATIENCE * 2, pace: Duration::ZERO, longest: Duration::from_millis(20) };
    let board = Board::with(vec![resting("a")], tempo);
    let mut short = board.listen(Topic::Suites);
    short.next().await.unwrap();
    short.event().await;
    assert_eq!(short.next().await, None);
}
