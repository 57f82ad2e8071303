//! How long a whole vault takes beside many items. Run by hand: `cargo test --release -p
//! offline-vault --lib team::speed -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use team_core::ids::CompartmentId;

use super::session::{in_space, look};
use super::tests::{message, shared};
use crate::vault::Vault;
use crate::work::tests::{NOW, Place, cross};

/// Writes so many messages, `per_segment` in each segment.
fn say_many(vault: &Vault, count: usize, per_segment: usize) {
    in_space(vault, "desk", NOW, |session| {
        let mut left = count;
        while left > 0 {
            let batch = left.min(per_segment);
            let mut operations = Vec::new();
            for number in 0..batch {
                let text = format!("message {number} of many, as long as most of them are");
                operations.push(message(session, &text));
            }
            session.write_content(CompartmentId::WHOLE, &operations)?;
            left -= batch;
        }
        Ok(())
    })
    .unwrap();
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

#[test]
#[ignore = "measures; run by hand"]
fn a_bundle_beside_very_many_items() {
    let most = std::env::var("CAUSEWAY_ITEMS").map_or(100_000, |text| text.parse().unwrap());
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    let mut count = 0;
    for target in [1_000, 10_000, 100_000, 300_000, 1_000_000] {
        if target > most {
            break;
        }
        while count < target {
            let more = (target - count).min(20_000);
            say_many(&amina, more, 1_000);
            cross(&amina, &place.stick());
            cross(&bilal, &place.stick());
            count += more;
        }
        cross(&amina, &place.stick());
        // One by one, as people write: each in a segment of its own.
        say_many(&amina, 1_000, 1);
        cross(&amina, &place.stick());
        let took = timed(|| cross(&bilal, &place.stick()));
        count += 1_000;
        let looked = timed(|| look(&bilal, "desk", |view| Ok(view.own_role())).unwrap());
        println!(
            "{count} items: a crossing with 1,000 operations in {took:?}, the space worked out in \
             {looked:?}"
        );
        cross(&amina, &place.stick());
    }
}
