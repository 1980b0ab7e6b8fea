"""Which records to read next: active learning ranks what is unread, and excludes nothing by itself.

TF-IDF of titles and abstracts (words and pairs of words, sublinear counts) with a linear support
vector machine, the setting of ASReview's ELAS u4 (C = 0.11, relevant records weighted up, the most
likely relevant record first).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metareview.errors import ScreeningError
from metareview.search import Record

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
COST = 0.11
WEIGHT_RATIO = 9.8
FEW = 20


def text_of(record: Record) -> str:
    """Give the words that the learner reads."""
    return f"{record.title} {record.abstract} {' '.join(record.keywords)}".strip()


def text_features(texts: Sequence[str]) -> Any:
    """Turn texts into TF-IDF rows, a sparse matrix ``(n, words)``.

    Raises
    ------
    ScreeningError
        When scikit-learn is not installed, or the texts hold no word.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        raise ScreeningError(
            "prioritised screening needs scikit-learn; install it with: pip install 'metareview[screen]'."
        ) from None
    too_common = 0.95 if len(texts) > FEW else 1.0
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_df=too_common)
    try:
        return vectorizer.fit_transform(texts)
    except ValueError:
        raise ScreeningError("the records hold no words to learn from: no titles, no abstracts.") from None


def relevance(features: Any, known: IntArray, labels: IntArray) -> FloatArray:
    """Score every record by what is known of some.

    Parameters
    ----------
    features : (n, words)
        From :func:`text_features`.
    known : (m,)
        Rows that were judged.
    labels : (m,)
        1 for relevant, 0 for not; both must be there.

    Returns
    -------
    (n,) array
        Distance from the SVM's plane: higher is more likely relevant.
    """
    from sklearn.svm import LinearSVC

    positive = int(labels.sum())
    svm = LinearSVC(C=COST, random_state=0)
    weights = np.where(labels == 1, WEIGHT_RATIO * (len(labels) - positive) / positive, 1.0)
    svm.fit(features[known], labels, sample_weight=weights * len(labels) / weights.sum())
    scores: FloatArray = svm.decision_function(features)
    return scores


class Ranker:
    """Ranks the unread of a set of records, reading their words once.

    Parameters
    ----------
    records
        All of them, read and unread.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self._features: Any = None

    def order(self, relevant: Mapping[str, bool]) -> list[Record]:
        """Put the unread records in the order of reading; see :func:`rank_records`."""
        read = [i for i, record in enumerate(self._records) if record.id in relevant]
        unread = [i for i, record in enumerate(self._records) if record.id not in relevant]
        labels = np.array([relevant[self._records[i].id] for i in read], dtype=np.int64)
        if unread and 0 < labels.sum() < len(labels):
            scores = self._scores(np.array(read, dtype=np.int64), labels)
            unread.sort(key=lambda i: -scores[i])
        return [self._records[i] for i in unread]

    def _scores(self, read: IntArray, labels: IntArray) -> FloatArray:
        if self._features is None:
            self._features = text_features([text_of(record) for record in self._records])
        return relevance(self._features, read, labels)


def rank_records(records: Sequence[Record], relevant: Mapping[str, bool]) -> list[Record]:
    """Put the unread records in the order of reading.

    Parameters
    ----------
    records
        All of them.
    relevant
        Record → whether it was found relevant, for those that were read.

    Returns
    -------
    list of Record
        Every unread record, the most likely relevant first; in the order given while nothing can be
        learned yet (a relevant and an irrelevant record are needed).
    """
    return Ranker(records).order(relevant)
