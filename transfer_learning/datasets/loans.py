"""Applications for a mortgage, and what the lender decided: Boston, 1990 (Hunter & Walker 1996).

What happened to the loans is not known; the label is a decision of people.
"""

import bz2
import csv
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from transfer_learning.assets import locate
from transfer_learning.datasets.samples import Samples
from transfer_learning.datasets.splits import group_split

FEATURES = {
    "loan amount": "loanamt",
    "loan / price": "loanprc",
    "price": "price",
    "income": "atotinc",
    "co-applicant's income": "cototinc",
    "housing costs": "hexp",
    "housing costs / income": "hrat",
    "all debts / income": "obrat",
    "net worth": "netw",
    "self-employed": "self",
    "unemployment in industry": "unem",
    "married": "married",
    "dependents": "dep",
    "male": "male",
    "schooling over 12 years": "sch",
    "credit history meets guidelines": "gdlin",
    "late mortgage payments": "mortg",
    "late consumer payments": "cons",
    "bankruptcy filed": "pubrec",
    "information not verified": "unver",
    "insurance asked for": "inss",
    "cosigner": "cosign",
    "gift as down payment": "gift",
    "fixed or adjustable rate": "fixadj",
    "two or more units": "multi",
    "in Suffolk county": "suffolk",
    "tract: over 30% minority": "min30",
    "tract: income over median": "mi",
    "tract: many vacant houses": "vr",
    "tract: many boarded-up houses": "bd",
}
"""How the course calls a column -> its name in the file, whose own list of columns is beside it."""

UNKNOWN = {"gdlin": "666"}
"""A code that stands for "not known" in a column."""


@dataclass(frozen=True)
class Loans(Samples):
    """Applications. The first four fields run in the same order.

    Attributes:
        features: float32, shape ``(n, d)``; money in the file's own units.
        labels: int64, shape ``(n,)``: 1 where the lender approved.
        groups: int64, shape ``(n,)``: 1 where the applicant is recorded as Black or Hispanic.
        splits: ``"train"``, ``"validation"`` or ``"test"`` for each application.
        class_names: ``("refused", "approved")``.
        feature_names: what each of the ``d`` columns holds. The group is not among them.
    """

    shared: ClassVar[tuple[str, ...]] = ("class_names", "feature_names")

    features: Tensor
    labels: Tensor
    groups: Tensor
    splits: tuple[str, ...]
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]


def load_loans() -> Loans:
    """The mortgage applications, offline, from the course's own assets.

    Left out are applications with an unknown value in one of the columns, and columns that hold or follow the
    decision. Decisions and groups have their share of every split.

    Raises:
        AssetError: the table is not there or damaged; the message says how to mend it.
    """
    content = bz2.decompress((locate("loan-applications") / "datasets" / "loanapp.csv.bz2").read_bytes())
    used = FEATURES.values()
    rows = [
        row
        for row in csv.DictReader(content.decode("utf-8").splitlines())
        if all(row[column] not in ("", UNKNOWN.get(column)) for column in used)
    ]
    labels = [int(row["approve"]) for row in rows]
    groups = [int(row["black"] == "1" or row["hispan"] == "1") for row in rows]
    kinds = [f"{label} {group}" for label, group in zip(labels, groups, strict=True)]
    return Loans(
        features=torch.tensor([[float(row[column]) for column in used] for row in rows]),
        labels=torch.tensor(labels),
        groups=torch.tensor(groups),
        splits=tuple(group_split(kinds, [str(number) for number in range(len(rows))])),
        class_names=("refused", "approved"),
        feature_names=tuple(FEATURES),
    )
