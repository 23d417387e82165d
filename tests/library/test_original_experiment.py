"""The audit of the original experiment: its numbers come out again, and its helpers do what they say."""

import sys
from pathlib import Path

import numpy as np
import pytest
from gensim.models import FastText
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import SVC

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments"))

import original_experiment as experiment
from study_checks import check_results


@pytest.fixture(scope="module")
def results() -> dict:
    return check_results("original_experiment", experiment.study())


def test_the_broken_baseline_comes_out_to_the_last_post(results: dict) -> None:
    texts, labels, test_texts, test_labels = experiment.published()
    assert (len(texts), len(test_texts)) == (1073, 713)
    words = TfidfVectorizer()
    train, test = words.fit_transform(texts), words.transform(test_texts)
    gamma = experiment.gammas(train)
    found = experiment.judged(SVC(gamma=gamma["old"]), (train, labels), (test, test_labels))
    assert found["confusion"] == [[0, 319], [0, 394]]
    assert found["accuracy"] == pytest.approx(0.5526, abs=5e-5)
    assert results["audit"]["baseline"]["old_gamma"]["confusion"] == found["confusion"]
    some = slice(None, None, 18)  # the posts are sorted by class
    assert SVC(gamma="scale").fit(train[some], labels[some])._gamma == pytest.approx(
        experiment.gammas(train[some])["today"]
    )


def test_gammas_of_a_sparse_matrix_are_those_of_the_dense_one() -> None:
    dense = np.array([[0, 0, 3.0], [1, 0, 0], [0, 2, 0]])
    found = experiment.gammas(sparse.csr_matrix(dense))
    assert found["old"] == pytest.approx(1 / (3 * dense.std()))
    assert found["today"] == pytest.approx(1 / (3 * dense.var()))


def test_a_text_is_looked_up_as_gensim_does() -> None:
    corpus = [["moon", "orbit", "star"], ["faith", "god", "belief"]] * 20
    vectors = FastText(corpus, vector_size=8, min_count=1, bucket=500, epochs=1, workers=1).wv
    text = "the moon and the stars " * 5
    assert experiment.looked_up(vectors, text) == pytest.approx(vectors[text], abs=1e-6)


def test_every_matrix_of_the_audit_holds_every_test_post(results: dict) -> None:
    for name, found in results["audit"]["baseline"].items():
        matrix = np.array(found["confusion"])
        assert matrix.sum(axis=1).tolist() == [319, 394], name
        assert np.trace(matrix) / 713 == pytest.approx(found["accuracy"], abs=1e-4)
    for rules in results["audit"]["transfer"].values():
        for of in rules.values():
            assert of["lowest"] <= of["mean"] <= of["highest"]
