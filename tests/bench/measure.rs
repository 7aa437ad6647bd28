//! Takes every figure of one size: starts cluster, exporter and nginx, and asks them in turn.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use flate2::read::GzDecoder;

use crate::client::{Client, Encoding};
use crate::cluster::{Cluster, Requests};
use crate::exporter::Exporter;
use crate::listeners::{Listeners, OPEN_PAGES, most, scrapes};
use crate::nginx::Nginx;

/// How often the exporter reads each metrics endpoint: its default.
const SIGNAL_INTERVAL: Duration = Duration::from_secs(15);
/// How long the cluster may take to be seen at rest: some intervals.
const REST_TIMEOUT: Duration = Duration::from_mins(1);
/// How long an endpoint's second read may come after its first: only then each has its place in the interval.
const SETTLING: Duration = Duration::from_millis(22_500);
/// A little more than an interval: every endpoint is read once in it.
const EVERY_SIGNAL: Duration = Duration::from_millis(15_500);
/// How often the page is read with all signals new.
const NEW_ROUNDS: usize = 5;
/// Pages that do not change are read for so long, in each encoding. Metrics pages are held back meanwhile, and both
/// together must be over before the exporter gives up on them (10 s).
const SAME_TIME: Duration = Duration::from_secs(3);
/// Fewer reads than this say little, more than that nothing new.
const SAME_ROUNDS: std::ops::RangeInclusive<usize> = 5..=1000;
/// How many changes of pods are followed to the page.
const CHANGES: usize = 20;
/// How often the page is read while a change is awaited.
const LOOK: Duration = Duration::from_millis(5);
/// For how long the page is read before it is looked whether the change is on it.
const LOOK_TIME: Duration = Duration::from_millis(150);
/// How long a change may take before it counts as lost.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a pod is changed while pages are open.
const OPEN_PAGES_CHANGES: usize = 10;
/// How long it is scraped after each.
const OPEN_PAGES_CHANGE: Duration = Duration::from_millis(500);

/// What a page costs: the time of the median, and CPU time on average.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// From sending the request to having the last byte.
    pub latency: Duration,
    /// Of the server.
    pub cpu: Duration,
}

/// The same page from the exporter and from nginx.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pair {
    /// The exporter.
    pub exporter: Cost,
    /// nginx.
    pub nginx: Cost,
}

/// All figures of one size. Bytes are bytes.
#[derive(Debug)]
pub struct Figures {
    /// How many suites.
    pub suites: usize,
    /// Length of the page.
    pub page_bytes: usize,
    /// Length of the compressed page.
    pub gzip_bytes: usize,
    /// From start to ready.
    pub ready_after: Duration,
    /// CPU time until then.
    pub ready_cpu: Duration,
    /// Peak of resident memory until then.
    pub ready_peak_bytes: u64,
    /// Resident memory at rest, scraped as Prometheus does.
    pub resident_bytes: u64,
    /// Peak of resident memory, of all.
    pub peak_bytes: u64,
    /// CPU time per second at rest, signals read and nobody scraping.
    pub rest_cpu: f64,
    /// Compressed, nothing new since the last read.
    pub gzip_same: Pair,
    /// Compressed, every signal new since the last read.
    pub gzip_new: Pair,
    /// Not compressed.
    pub identity: Pair,
    /// From a pod's change to its being on the page, sorted.
    pub delays: Vec<Duration>,
    /// What was asked of the API server at rest.
    pub requests: Requests,
    /// In how long.
    pub requests_in: Duration,
    /// What open pages cost; measured of one suite alone.
    pub open_pages: Option<OpenPages>,
}

/// What [`OPEN_PAGES`] open pages cost.
#[derive(Clone, Copy, Debug)]
pub struct OpenPages {
    /// Resident memory more than before.
    pub bytes: u64,
    /// Within which 95 of 100 scrapes are answered without them, while the page changes.
    pub alone: Duration,
    /// The same with them.
    pub beside: Duration,
}

/// A folder that goes with the measurement.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // It is in the system's folder for such.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Measures `program` with so many suites.
pub fn measure(program: &Path, suites: usize) -> Result<Figures> {
    let folder = Folder(std::env::temp_dir().join(format!("gim-upgrade-bench-{}-{suites}", std::process::id())));
    fs::create_dir_all(&folder.0)?;
    let mut cluster = Cluster::start(suites)?;
    let mut exporter = Exporter::start(program, suites, &cluster, &folder.0)?;
    let mut client = Client::connect(exporter.address)?;
    wait_for_rest(&mut client, suites)?;
    thread::sleep(SETTLING);

    cluster.requests()?;
    let rest_began = Instant::now();
    let identity = client.keep("/metrics", Encoding::Identity)?;
    let gzip = client.keep("/metrics", Encoding::Gzip)?;
    let nginx = Nginx::start(&identity, &gzip, &folder.0)?;
    let mut sides = Sides { nginx: Client::connect(nginx.address)?, exporter: client, processes: (&exporter, &nginx) };
    let (gzip_new, rest_cpu) = sides.all_new(&mut cluster, suites)?;
    let resident_bytes = exporter.process.resident_bytes()?;
    cluster.hold_pages(true)?;
    let gzip_same = sides.all_the_same(Encoding::Gzip)?;
    let identity_pair = sides.all_the_same(Encoding::Identity)?;
    cluster.hold_pages(false)?;
    let mut client = sides.exporter;
    let mut delays = (0..CHANGES)
        .map(|number| delay(&mut cluster, &mut client, number * suites / CHANGES))
        .collect::<Result<Vec<_>>>()?;
    delays.sort_unstable();
    let open_pages = (suites == 1).then(|| open_pages(&mut cluster, &exporter, &mut client)).transpose()?;
    let (requests, requests_in) = (cluster.requests()?, rest_began.elapsed());
    exporter.process.check()?;
    Ok(Figures {
        suites,
        page_bytes: identity.len(),
        gzip_bytes: gzip.len(),
        ready_after: exporter.ready_after,
        ready_cpu: exporter.ready_cpu,
        ready_peak_bytes: exporter.ready_peak_bytes,
        resident_bytes,
        peak_bytes: exporter.process.peak_bytes()?,
        rest_cpu,
        gzip_same,
        gzip_new,
        identity: identity_pair,
        delays,
        requests,
        requests_in,
        open_pages,
    })
}

/// What open pages cost while a pod turns Ready and back all the time.
fn open_pages(cluster: &mut Cluster, exporter: &Exporter, client: &mut Client) -> Result<OpenPages> {
    let mut scrapes_beside_changes = || -> Result<Duration> {
        let mut took = Vec::new();
        for round in 0..OPEN_PAGES_CHANGES {
            cluster.set_ready(0, round % 2 == 1)?;
            took.extend(scrapes(client, OPEN_PAGES_CHANGE)?);
        }
        took.sort_unstable();
        Ok(most(&took))
    };
    let alone = scrapes_beside_changes()?;
    let before = exporter.process.resident_bytes()?;
    let pages = Listeners::open(exporter.address, OPEN_PAGES)?;
    let beside = scrapes_beside_changes()?;
    let bytes = exporter.process.resident_bytes()?.saturating_sub(before);
    ensure!(pages.fewest() > OPEN_PAGES_CHANGES as u64 / 2, "open pages are not told what is new");
    Ok(OpenPages { bytes, alone, beside })
}

/// Waits until every component is judged to be at rest and every signal was read.
fn wait_for_rest(client: &mut Client, suites: usize) -> Result<()> {
    let began = Instant::now();
    loop {
        let page = inflate(&client.keep("/metrics", Encoding::Gzip)?)?;
        let count =
            |begin: &str, end: &str| page.lines().filter(|line| line.starts_with(begin) && line.ends_with(end)).count();
        let at_rest = count("gim_upgrade_verdict{", ",verdict=\"none\"} 1");
        let verified = count("gim_upgrade_stage{", ",stage=\"verified\"} 1");
        let latencies = count("gim_upgrade_kafka_behind_seconds{", "");
        if (at_rest, verified, latencies) == (3 * suites, 3 * suites, suites) {
            return Ok(());
        }
        if began.elapsed() > REST_TIMEOUT {
            bail!(
                "{suites} suites do not come to rest: {at_rest} components have nothing to do, {verified} are verified, \
                 {latencies} latencies are known"
            );
        }
        thread::sleep(SIGNAL_INTERVAL / 10);
    }
}

/// The exporter and nginx, and a connection to each.
struct Sides<'a> {
    exporter: Client,
    nginx: Client,
    processes: (&'a Exporter, &'a Nginx),
}

impl Sides<'_> {
    /// The page, compressed, with every signal new; and the exporter's CPU time per second between.
    fn all_new(&mut self, cluster: &mut Cluster, suites: usize) -> Result<(Pair, f64)> {
        let (exporter, nginx) = self.processes;
        let (mut ours, mut theirs) = (Samples::default(), Samples::default());
        let (mut rest_cpu, mut rest) = (Duration::ZERO, Duration::ZERO);
        self.exporter.read("/metrics", Encoding::Gzip)?;
        for _ in 0..NEW_ROUNDS {
            let (before, began, reads) = (exporter.process.cpu_of_life()?, Instant::now(), cluster.pages_read()?);
            thread::sleep(EVERY_SIGNAL);
            ensure!(cluster.pages_read()? - reads >= suites as u64, "signals are not read in time");
            rest_cpu += exporter.process.cpu_of_life()?.saturating_sub(before);
            rest += began.elapsed();
            let before = exporter.process.cpu()?;
            ours.time(&mut self.exporter, Encoding::Gzip)?;
            ours.cpu += exporter.process.cpu()?.saturating_sub(before);
            let before = nginx.process.cpu()?;
            theirs.time(&mut self.nginx, Encoding::Gzip)?;
            theirs.cpu += nginx.process.cpu()?.saturating_sub(before);
        }
        Ok((Pair { exporter: ours.cost(), nginx: theirs.cost() }, rest_cpu.as_secs_f64() / rest.as_secs_f64()))
    }

    /// The page in one encoding while nothing changes, by turns from the one and the other.
    fn all_the_same(&mut self, encoding: Encoding) -> Result<Pair> {
        let (exporter, nginx) = self.processes;
        let (mut ours, mut theirs) = (Samples::default(), Samples::default());
        self.exporter.read("/metrics", encoding)?;
        self.nginx.read("/metrics", encoding)?;
        let (our_cpu, their_cpu, began) = (exporter.process.cpu()?, nginx.process.cpu()?, Instant::now());
        let (fewest, most) = (*SAME_ROUNDS.start(), *SAME_ROUNDS.end());
        while ours.latencies.len() < fewest || (began.elapsed() < SAME_TIME && ours.latencies.len() < most) {
            ours.time(&mut self.exporter, encoding)?;
            theirs.time(&mut self.nginx, encoding)?;
        }
        ours.cpu = exporter.process.cpu()?.saturating_sub(our_cpu);
        theirs.cpu = nginx.process.cpu()?.saturating_sub(their_cpu);
        Ok(Pair { exporter: ours.cost(), nginx: theirs.cost() })
    }
}

/// Reads of one page.
#[derive(Default)]
struct Samples {
    latencies: Vec<Duration>,
    cpu: Duration,
}

impl Samples {
    fn time(&mut self, client: &mut Client, encoding: Encoding) -> Result<()> {
        let began = Instant::now();
        client.read("/metrics", encoding)?;
        self.latencies.push(began.elapsed());
        Ok(())
    }

    fn cost(mut self) -> Cost {
        self.latencies.sort_unstable();
        let reads = u32::try_from(self.latencies.len()).unwrap_or(u32::MAX).max(1);
        Cost { latency: median(&self.latencies), cpu: self.cpu / reads }
    }
}

/// The median of sorted durations; none of nothing.
pub fn median(sorted: &[Duration]) -> Duration {
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// Changes the GCA pod of a suite and measures until that is on the page. What is measured includes telling the cluster,
/// and the time of the read that shows it.
fn delay(cluster: &mut Cluster, client: &mut Client, suite: usize) -> Result<Duration> {
    let series = format!("gim_upgrade_pods_ready{{suite=\"suite-{suite}\",component=\"gca\"");
    let shown = |page: &[u8]| -> Result<Vec<String>> {
        let page = inflate(page)?;
        Ok(page.lines().filter(|line| line.starts_with(&series)).map(str::to_owned).collect())
    };
    // With few suites a pod is changed to and fro.
    let former = shown(&client.keep("/metrics", Encoding::Gzip)?)?;
    let is_ready = former.iter().any(|line| line.ends_with("} 1"));
    let began = Instant::now();
    cluster.set_ready(suite, !is_ready)?;
    while began.elapsed() < CHANGE_TIMEOUT {
        let mut pages = Vec::new();
        let looking = Instant::now();
        while looking.elapsed() < LOOK_TIME {
            let page = client.keep("/metrics", Encoding::Gzip)?;
            pages.push((began.elapsed(), page));
            thread::sleep(LOOK);
        }
        // Pages are inflated only now, which takes longer than reading them, and few of them: a change stays.
        let mut failed = Ok(());
        let first = pages.partition_point(|(_, page)| match shown(page) {
            Ok(lines) => lines == former,
            Err(error) => {
                failed = Err(error);
                true
            }
        });
        failed?;
        if let Some((delay, _)) = pages.get(first) {
            return Ok(*delay);
        }
    }
    bail!("a change of a pod of suite-{suite} does not come to the page")
}

fn inflate(gzip: &[u8]) -> Result<String> {
    let mut text = String::new();
    GzDecoder::new(gzip).read_to_string(&mut text).context("the page is not gzip")?;
    Ok(text)
}
