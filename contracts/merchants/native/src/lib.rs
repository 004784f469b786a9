//! Finds the merchant that a terminal stands at and lets it pay there: radius, beacons, a challenge, a terminal.
