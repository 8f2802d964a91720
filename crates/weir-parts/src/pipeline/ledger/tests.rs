//! Tests of the account's counts.

use super::*;

const EPOCH: Stamp = Stamp::from_nanos(0);

#[test]
fn a_reset_in_the_middle_keeps_the_account_balanced() {
    let account = Account::default();
    for _ in 0..5 {
        account.accept(EPOCH);
    }
    let entry = account.take(EPOCH);
    account.settle(Outcome::Done, EPOCH);
    account.drop_waiting(EPOCH);
    account.reject();
    assert_eq!(account.counts().unaccounted(2), 0);
    account.reset();
    // Three are still inside: one in flight and two waiting.
    let held = LedgerCounts { accepted: 3, in_flight: 1, ..LedgerCounts::default() };
    assert_eq!(account.counts(), held);
    assert_eq!(account.release(entry), None);
    account.settle(Outcome::Failed, EPOCH);
    assert_eq!(account.counts().unaccounted(2), 0);
}

#[test]
fn a_reset_keeps_what_was_recovered_and_is_still_held() {
    let account = Account::default();
    (0..3).for_each(|_| account.recover(EPOCH));
    account.accept(EPOCH);
    account.settle(Outcome::Done, EPOCH);
    assert_eq!((account.counts().in_system(), account.counts().unaccounted(3)), (3, 0));
    account.reset();
    let held = LedgerCounts { accepted: 1, recovered: 2, ..LedgerCounts::default() };
    assert_eq!(account.counts(), held);
    (0..3).for_each(|_| account.settle(Outcome::Done, EPOCH));
    account.reset();
    assert_eq!(account.counts(), LedgerCounts::default());
}

#[test]
fn an_event_that_is_lent_and_taken_again_is_inside_once() {
    let (account, at) = (Account::default(), Stamp::from_nanos);
    account.accept(at(100));
    account.lend(at(100));
    assert_eq!((account.totals().in_system(), account.time_inside(at(500))), (0, 0));
    account.recover(at(100));
    account.settle(Outcome::Done, at(700));
    assert_eq!((account.totals().unaccounted(0), account.time_inside(at(900))), (0, 600));
}

#[test]
fn the_time_inside_grows_by_one_for_each_event_inside() {
    let (account, at) = (Account::default(), Stamp::from_nanos);
    account.accept(at(100));
    account.accept(at(200));
    assert_eq!(account.time_inside(at(250)), 150 + 50);
    account.settle(Outcome::Done, at(300));
    account.drop_waiting(at(200));
    assert_eq!(account.time_inside(at(900)), 200);
    account.accept(at(1000));
    let entry = account.take(at(1000));
    account.abandon(entry, 1, at(1000));
    assert_eq!((account.time_inside(at(2000)), account.last_settled()), (200, at(1000)));
}

#[test]
fn an_event_that_is_lost_or_counted_twice_is_unaccounted() {
    let account = Account::default();
    account.accept(EPOCH);
    assert_eq!(account.counts().unaccounted(0), 1);
    account.settle(Outcome::Done, EPOCH);
    account.settle(Outcome::Done, EPOCH);
    assert_eq!(account.counts().unaccounted(0), -1);
}
