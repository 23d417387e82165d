"""``kill -9`` at any moment loses nothing and grades nobody twice. ``make kills`` does it 100 times."""

import kills


def test_killed_gradings_end_with_the_same_grades():
    done = kills.run(4, seed=7, tell=lambda words: None)
    assert done["kills"] == 4 and done["rounds"] >= 1
