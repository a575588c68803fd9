"""`model_card`: what a model is, what it learnt from, what it is worth and what it is not for."""

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from jocas_themes.student.persistence._manifest import describe_model

_SCORES = {
    "text": "the words of the whole offer, weighed by a linear model;",
    "largest": "the best of its sentences, by a linear model of their words and pieces of words;",
    "runner-up": "the second best of its sentences;",
    "sum": "how many of its sentences score well;",
    "lexicon": "in how many of its sentences a lexicon finds the theme.",
}
_COUNTS = {
    "n_known": "known cells",
    "n_positive": "positives",
    "n_evidence": "positives with evidence",
}
_METRICS = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "average_precision": "average precision",
    "ece": "calibration error",
    "bias": "bias",
    "support": "positives",
    "n_offers": "cells",
}
_MARKUP = re.compile(r"([\\`*_\[\]<|])")
_NOTHING = "–"
_NOT_RECORDED = "Not recorded: the model is of an older form."
_LEXICONS = {
    "shipped": "the one shipped with the package",
    "own": "one of its trainer's own",
    None: "none",
}
_WEIGHTS = {
    "confidence": "Cells count as their confidence says, in full where there is none.",
    None: "All known cells count the same.",
}
_OWN_WEIGHTS = "Cells count as a function of their confidence says, in full where there is none."
_WHAT_SCORES_SAY = """\
Each training offer is scored, and judged by trees, that saw neither it nor its near-duplicates.

**These figures compare with the labels that the model learnt from.** Where a teacher gave them (a
language model, a lexicon), they say how well the model imitates the teacher, not how often people
would agree. Without gold labels, nothing here is an accuracy against people."""
_USE = """\
## Intended use

- Made for: saying which themes the offers of a large corpus speak of, for research and official
  statistics, on offers like those it was trained on.
- Not made for: decisions about a single employer, recruiter or candidate; offers in other
  languages; texts that are no job offers.
- Shares and trends: do not add up its predictions. Their errors do not cancel out, and drift from
  one period or board to another. Estimate shares with a random sample that people have labelled."""
_LIMITS = """\
## Limits

- It repeats what its labels got wrong, and the wording that its lexicon and its offers know.
- Scores out of fold hold for offers of the same boards and years. Expect less on others: keep a
  board or a year aside and see.
- A theme with few positives has uncertain scores, threshold and calibration.
- An offer that does not mention a theme may come from an employer that offers it all the same.
- The folder holds no offer, but words and n-grams that occur in as few as two offers or
  sentences: names and numbers may be among them. Look before you publish it."""
_LOADING = """\
## How to load it

```python
from jocas_themes import label_corpus, load_model

student = load_model("path/to/this/folder")
student.predict_proba(offers)  # a table of offers, or their texts
label_corpus(student, "offers/*.parquet", "labels/")
```

Nothing in the folder is run or unpickled. Files that were changed are refused, but for this one.

---

The headings follow Mitchell et al. (2019), *Model cards for model reporting*.
"""


def model_card(model: Any) -> str:
    """Describe a fitted model in Markdown, for those who use it or its results.

    Parameters
    ----------
    model : Pipeline or ThemeClassifier
        Fitted, or loaded.

    Returns
    -------
    str
        What the model is, its themes, what it was trained on, its scores out of fold, its
        thresholds and calibration, intended use, limits, how it was made and how to load it.

    Raises
    ------
    TypeError
        If the model is of another kind.
    NotFittedError
        If it is not fitted.

    See Also
    --------
    save_model : Writes it into the model's folder, as README.md.

    Notes
    -----
    The form is that of Mitchell et al. (2019), Model cards for model reporting. The card holds
    counts and figures, no text and no id of any offer.

    Examples
    --------
    >>> from jocas_themes import ThemeClassifier, load_sample_annotations, model_card
    >>> student = ThemeClassifier(themes=["WORK_LIFE_BALANCE"], cv=2)
    >>> card = model_card(student.fit(load_sample_annotations()[:60]))
    >>> [line for line in card.splitlines() if line.startswith("#")][:3]
    ['# Model card: themes of job offers', '## Themes', '## Training data']
    """
    return render_card(describe_model(model))


def render_card(manifest: dict[str, Any]) -> str:
    """Write a model card out of what `describe_model` says, or of a whole manifest."""
    sections = [
        _write_head(manifest),
        _write_themes(manifest),
        _write_training(manifest),
        _write_scores(manifest),
        _write_decisions(manifest),
        _USE,
        _LIMITS,
        _write_making(manifest),
        _LOADING,
    ]
    return _join(*sections)


def _write_head(manifest: dict[str, Any]) -> str:
    title = (manifest["taxonomy"] or {}).get("title") or "themes of job offers"
    training = manifest["training"]
    facts = {
        "Trained": training.get("trained_at"),
        "Saved": manifest.get("saved_at"),
        "With": ", ".join(f"{name} {number}" for name, number in training["versions"].items()),
        "Fingerprint": manifest.get("fingerprint"),
    }
    return _join(
        f"# Model card: {_escape(title)}",
        _wrap(
            "A student of the Python package `jocas-themes`. It gives each job offer the "
            "probability of each of the themes below, and says which of them the offer speaks of."
        ),
        _list_items(f"{name}: {fact}" for name, fact in facts.items() if fact),
    )


def _write_themes(manifest: dict[str, Any]) -> str:
    taxonomy = manifest["taxonomy"]
    if taxonomy is None:
        return _join(
            "## Themes",
            _list_items(_code(facts["code"]) for facts in manifest["themes"]),
            "The model does not know their definitions: ask who trained it.",
        )
    fields = ("name_en", "definition", "not_enough")
    rows = [
        [_code(theme["code"]), *(_escape(theme[field]) or _NOTHING for field in fields)]
        for theme in taxonomy["themes"]
    ]
    columns = ("theme", "name", "present when the offer says", "does not count by itself")
    return _join(
        "## Themes",
        _write_table(columns, rows, n_texts=4),
        f"Fingerprint of this taxonomy: {taxonomy['fingerprint']}.",
    )


def _write_training(manifest: dict[str, Any]) -> str:
    training = manifest["training"]
    if "n_offers" not in training:
        return _join("## Training data", _NOT_RECORDED)
    rows = [
        [_code(code), *(_write_figure(counts[name]) for name in _COUNTS)]
        for code, counts in training["themes"].items()
    ]
    return _join(
        "## Training data",
        _wrap(
            f"{training['n_offers']:,} offers. A cell is one theme of one offer; it is known where "
            f"a label was given and no filter masked it. Evidence is the verbatim span of an offer "
            f"that shows the theme."
        ),
        _write_table(("theme", *_COUNTS.values()), rows),
        _wrap(
            f"{_WEIGHTS.get(training['weights'], _OWN_WEIGHTS)} Lexicon: "
            f"{_LEXICONS[training['lexicon']]}. The shares of positives are those of these cells, "
            f"not of the labour market."
        ),
    )


def _write_scores(manifest: dict[str, Any]) -> str:
    rows = manifest["out_of_fold"]
    if not rows:
        return _join("## Scores, out of fold", _NOT_RECORDED)
    averages = ("all cells (micro)", "mean of the themes (macro)")
    labels = [*(_code(row["theme"]) for row in rows[: -len(averages)]), *averages]
    metrics = {name: title for name, title in _METRICS.items() if name in rows[0]}
    cells = [
        [label, *(_write_figure(row[name]) for name in metrics)]
        for label, row in zip(labels, rows, strict=True)
    ]
    explained = (
        "Calibration error is the mean distance between the probability and the observed share; "
        "bias is the mean probability minus the observed share. "
        if "ece" in metrics
        else ""
    )
    return _join(
        "## Scores, out of fold",
        _WHAT_SCORES_SAY,
        _write_table(("theme", *metrics.values()), cells),
        _wrap(
            f"{_NOTHING}: no figure, as where a theme has no positive. {explained}Calibration and "
            f"thresholds were fitted on these very predictions, which flatters them a little."
        ),
    )


def _write_decisions(manifest: dict[str, Any]) -> str:
    rows = []
    for facts in manifest["themes"]:
        line = (None, None) if facts["constant"] else facts["calibration"].values()
        rows.append([_code(facts["code"]), *map(_write_figure, (facts["threshold"], *line))])
    constant = ", ".join(
        f"{_code(facts['code'])} ({facts['prevalence']:g})"
        for facts in manifest["themes"]
        if facts["constant"]
    )
    return _join(
        "## Thresholds and calibration",
        _wrap(
            "An offer speaks of a theme where its probability reaches the threshold. The "
            "probability is 1 / (1 + exp(-z)), z = slope x + intercept, where x are the log-odds "
            "before calibration."
        ),
        _write_table(("theme", "threshold", "slope", "intercept"), rows),
        _wrap(f"All known labels were alike, so that every offer has one probability: {constant}.")
        if constant
        else "",
    )


def _write_making(manifest: dict[str, Any]) -> str:
    names, settings = manifest["scores"], manifest["training"]["estimator"] or {}
    call = "".join(f"    {name}={value!r},\n" for name, value in manifest["params"].items())
    trees = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    return _join(
        "## How it was made",
        "For each theme, XGBoost trees over single words and word groups."
        if not names
        else _wrap(
            "For each theme, the mean of a logistic regression of a few scores, and of XGBoost "
            "trees that see these scores and the words of the offer. The scores:"
        ),
        _list_items(f"{name}: {_SCORES[name]}" for name in names),
        f"```python\nThemeClassifier(\n{call})\n```",
        _wrap(f"The trees: `{trees}`.") if trees else "",
    )


def _write_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, n_texts: int = 1) -> str:
    """Write a table, the columns after the first ``n_texts`` to the right."""
    rule = ["---"] * n_texts + ["---:"] * (len(columns) - n_texts)
    return "\n".join(f"| {' | '.join(line)} |" for line in (columns, rule, *rows))


def _list_items(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _join(*blocks: str) -> str:
    """Put blocks one under the other, but for empty ones."""
    return "\n\n".join(filter(None, blocks))


def _wrap(text: str) -> str:
    """Break a paragraph into lines, so that it reads well unrendered too."""
    return textwrap.fill(text, width=100, break_long_words=False, break_on_hyphens=False)


def _escape(text: str) -> str:
    """Show a text as it is, on one line and in its cell."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _code(code: str) -> str:
    """Show a theme's code as code, in its cell."""
    return f"`{' '.join(code.split()).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def _write_figure(value: float | None) -> str:
    """Write a count in full, another figure to three decimals, and no minus before a zero."""
    if value is None:
        return _NOTHING
    return f"{value:,}" if isinstance(value, int) else f"{round(value, 3) + 0.0:.3f}"
