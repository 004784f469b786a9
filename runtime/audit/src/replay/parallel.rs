//! Many spans at once, and what they say together.

use super::{AuditError, Report, Span, replay_span};
use counterpart_execution::Executor;
use counterpart_ledger::Height;
use counterpart_storage::Store;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

/// Divides the blocks of a ledger, from the oldest that can be replayed, into so many spans of about one length; fewer when
/// there are fewer blocks.
///
/// # Errors
/// [`AuditError::Store`] when the ledger cannot be read.
pub fn plan(store: &Store, spans: u64) -> Result<Vec<Span>, AuditError> {
    let (floor, head) = (store.floor()?.0, store.head().height.0);
    let blocks = head.saturating_sub(floor);
    let spans = spans.clamp(1, blocks.max(1));
    let bound = |index: u64| floor + (u128::from(blocks) * u128::from(index) / u128::from(spans)) as u64;
    let span = |index: u64| Span { from: Height(bound(index) + 1), to: Height(bound(index + 1)) };
    Ok((0..spans).map(span).filter(|span| span.from <= span.to).collect())
}

/// What happens while spans are replayed.
enum News {
    Height(Height),
    Done(Box<Result<Report, AuditError>>),
}

/// Replays spans on so many threads. `progress` hears each height, `done` each span as it ends; no span is begun after one
/// that differs. Answers the reports in the order of the spans.
///
/// # Errors
/// The first [`AuditError`] of any span.
pub fn replay_spans(
    store: &Store,
    executor: &Executor,
    spans: &[Span],
    threads: usize,
    progress: &mut dyn FnMut(Height),
    done: &mut dyn FnMut(&Report),
) -> Result<Vec<Report>, AuditError> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel();
    let work = |sender: mpsc::Sender<News>| {
        while !stop.load(Ordering::Relaxed)
            && let Some(span) = spans.get(next.fetch_add(1, Ordering::Relaxed))
        {
            // Nobody hears it only when the replay as a whole is over.
            let report = replay_span(store, executor, *span, &mut |height| drop(sender.send(News::Height(height))));
            if report.as_ref().map_or(true, |report| report.divergence.is_some()) {
                stop.store(true, Ordering::Relaxed);
            }
            let _ = sender.send(News::Done(Box::new(report)));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let sender = sender.clone();
            scope.spawn(move || work(sender));
        }
        drop(sender);
        let (mut reports, mut failure) = (Vec::new(), None);
        for news in receiver {
            match news {
                News::Height(height) => progress(height),
                News::Done(report) => match *report {
                    Ok(report) => {
                        done(&report);
                        reports.push(report);
                    }
                    Err(error) => failure = failure.or(Some(error)),
                },
            }
        }
        reports.sort_by_key(|report| report.span);
        failure.map_or(Ok(reports), Err)
    })
}

/// Puts reports of spans together that follow one another; `None` where they leave a gap, overlap, or one begins with
/// another state than the one before ends with.
pub fn join(reports: &[Report]) -> Option<Report> {
    let mut whole = reports.first()?.clone();
    for report in &reports[1..] {
        if whole.divergence.is_some() {
            break;
        }
        let follows = report.span.from.0 == whole.span.to.0 + 1 && report.engine == whole.engine;
        if !follows || (report.start_root != whole.state_root && report.divergence.is_none()) {
            return None;
        }
        whole.span.to = report.span.to;
        whole.blocks += report.blocks;
        whole.transactions += report.transactions;
        whole.gas += report.gas;
        if report.blocks > 0 {
            whole.state_root = report.state_root;
        }
        whole.divergence = report.divergence.clone();
    }
    Some(whole)
}
