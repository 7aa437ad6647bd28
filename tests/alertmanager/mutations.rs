//! Whether the cases would notice: each inhibition is left out in turn, and each condition of each inhibition.

use crate::cases;
use crate::programs;
use crate::shipped::Shipped;
use crate::silencing::Trial;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_case_fails_without_any_one_inhibition() {
    let shipped = Shipped::read().unwrap();
    for program in programs("alertmanager") {
        let mut trial = Trial::start(&program, &shipped, &cases::all()).await.unwrap();
        for (what, changed) in shipped.without_an_inhibition().unwrap() {
            trial.reload(&changed).await.unwrap();
            let differences = trial.differences().await.unwrap();
            assert!(!differences.is_empty(), "{program:?}: no case needs {what}");
            assert!(
                differences.iter().all(|difference| !difference.is_silenced),
                "{program:?}: {what} {differences:#?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_case_fails_without_any_one_condition() {
    let shipped = Shipped::read().unwrap();
    for program in programs("alertmanager") {
        let mut trial = Trial::start(&program, &shipped, &cases::all()).await.unwrap();
        for (what, changed) in shipped.without_a_condition().unwrap() {
            trial.reload(&changed).await.unwrap();
            let differences = trial.differences().await.unwrap();
            assert!(differences.iter().any(|difference| difference.is_silenced), "{program:?}: no case needs {what}");
        }
    }
}
