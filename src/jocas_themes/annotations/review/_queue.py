"""`ReviewQueue`: the cells that people should look at, and what they decided."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jocas_themes._files import replace_when_whole
from jocas_themes.annotations.review._cells import (
    DECISION_COLUMNS,
    Cell,
    Decided,
    add_decisions,
    find_decision,
    is_drawn,
    mix_drawn,
    read_queue,
)
from jocas_themes.annotations.review._check import (
    DecisionChecker,
    check_evidence,
    raise_faults,
)
from jocas_themes.annotations.review._draw import draw_offers
from jocas_themes.annotations.review._file import REVIEW_COLUMNS, merge_review
from jocas_themes.annotations.review._gold import build_gold
from jocas_themes.annotations.review._log import DecisionLog
from jocas_themes.annotations.review._sample import list_sample_cells
from jocas_themes.annotations.review.formats import find_format, guess_format
from jocas_themes.annotations.store import AnnotationStore, Decision
from jocas_themes.errors import JocasThemesWarning, ReviewFileError
from jocas_themes.taxonomy import HR_THEMES, Taxonomy

_SHOWN = ("proposed", "confidence", "evidence")


class ReviewQueue:
    """Give people the cells of a review file, and keep what they decide in a store.

    A decision belongs to the offer's text and the theme: it survives a change of prompt or of
    model, holds over any teacher's answer, and can be withdrawn.

    Parameters
    ----------
    path : str or Path
        The review file, as `ConfidenceFilter` writes it; it may not be there yet.
    store : str, Path or AnnotationStore, optional
        Where the decisions are kept: the teacher's store, so that it finds them. Without one
        the queue can be read, drawn and exported.
    taxonomy : Taxonomy, default=HR_THEMES
        The themes that the cells may speak of.

    See Also
    --------
    apply_decisions : Put the decisions in place of a teacher's answers.
    ConfidenceFilter : Writes the cells that the teacher is not sure of.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from jocas_themes import load_sample_annotations
    >>> from jocas_themes.annotations.review import ReviewQueue
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> queue = ReviewQueue(folder / "to_review.jsonl", store=folder / "store.sqlite")
    >>> drawn = queue.draw(load_sample_annotations(), 20, random_state=0)
    >>> len(drawn), len(queue)
    (20, 120)
    >>> queue.decide(drawn["offer_id"].iloc[0], "DIVERSITY", 0, reviewer="Léa")
    >>> len(queue.pending())
    119
    """

    def __init__(
        self,
        path: str | Path,
        *,
        store: str | Path | AnnotationStore | None = None,
        taxonomy: Taxonomy = HR_THEMES,
    ) -> None:
        self.path = Path(path)
        self.store = AnnotationStore(store) if isinstance(store, (str, Path)) else store
        self.taxonomy = taxonomy

    def __repr__(self) -> str:
        return f"ReviewQueue({str(self.path)!r}, store={self.store!r})"

    def __len__(self) -> int:
        return len(self._read_cells())

    def to_frame(self) -> pd.DataFrame:
        """Return the cells with the decision that holds beside them.

        Returns
        -------
        DataFrame of shape (n_cells, 10 or more)
            The columns of the review file, ``decision`` (0, 1 or NaN), ``reviewer`` and
            ``decided_at`` (ISO 8601, UTC), then whatever others added to the file. Decisions
            typed into the file count once they are imported: ``queue.import_from(queue.path)``.

        Raises
        ------
        ReviewFileError
            If a line is not a cell of a theme of the taxonomy, or has no text.
        """
        cells = self._read_decided()
        head = [*REVIEW_COLUMNS, *DECISION_COLUMNS]
        added = sorted({name for cell in cells for name in cell} - set(head))
        table = pd.DataFrame(cells, columns=[*head, *added])
        return table.astype({"decision": np.float64})

    def pending(self) -> pd.DataFrame:
        """Return the cells without a decision.

        Returns
        -------
        DataFrame of shape (n_pending, 10 or more)
            As `to_frame`.

        Raises
        ------
        ReviewFileError
            If a line is not a cell of a theme of the taxonomy, or has no text.
        """
        table = self.to_frame()
        return table[table["decision"].isna()].reset_index(drop=True)

    def decide(
        self,
        offer_id: str,
        theme: str,
        label: int,
        *,
        reviewer: str,
        evidence: str | None = None,
        comment: str | None = None,
    ) -> None:
        """Keep what a person decides of a cell.

        Parameters
        ----------
        offer_id : str
            The offer.
        theme : str
            The theme's code.
        label : {0, 1}
            Absent or present.
        reviewer : str
            Who decides.
        evidence : str, optional
            The words of the offer that show a theme that is present.
        comment : str, optional
            Why, for people.

        Raises
        ------
        ValueError
            If the queue has no such cell or no store, the label is not 0 or 1, the reviewer is
            empty, or the evidence is not in the offer.
        """
        store, cell = self._require_store(), self._find_cell(offer_id, theme)
        if label not in (0, 1):
            raise ValueError(f"label must be 0 or 1, got {label!r}.")
        if not isinstance(reviewer, str) or not reviewer.strip():
            raise ValueError(f"reviewer must say who decides, got {reviewer!r}.")
        check_evidence(evidence, cell["text"], label)
        decided_at = DecisionLog(store.read_decisions()).date_new(cell["text"], theme)
        decision = Decision(
            text=cell["text"],
            theme=theme,
            label=int(label),
            reviewer=reviewer,
            decided_at=decided_at,
            offer_id=offer_id,
            evidence=evidence,
            comment=comment,
            source="queue",
        )
        store.add_decisions([decision])

    def withdraw(self, offer_id: str, theme: str, reviewer: str | None = None) -> int:
        """Take decisions of a cell back; they stay in the store, marked as withdrawn.

        Parameters
        ----------
        offer_id : str
            The offer.
        theme : str
            The theme's code.
        reviewer : str, optional
            Whose decisions; everybody's by default.

        Returns
        -------
        int
            How many were withdrawn.

        Raises
        ------
        ValueError
            If the queue has no such cell, or no store.
        """
        store, cell = self._require_store(), self._find_cell(offer_id, theme)
        return store.withdraw_decisions(cell["text"], theme, reviewer=reviewer)

    def draw(
        self,
        annotated: pd.DataFrame,
        n_offers: int,
        *,
        random_state: int,
        sure_share: float = 0.2,
        threshold: float = 80,
    ) -> pd.DataFrame:
        """Draw offers with known probabilities into the queue, all their themes with them.

        The unsure offers have the larger chance, and the sure ones are never left out, so that
        the reviewed offers also measure the teacher.

        Parameters
        ----------
        annotated : DataFrame or pyarrow.Table of shape (n_offers, n_columns)
            An annotated table, as the teacher gives it: before any decision is applied.
        n_offers : int
            How many distinct texts to draw; all of them when there are fewer.
        random_state : int
            Seed. The draw depends on it and on the table's texts, not on their order.
        sure_share : float, default=0.2
            Part of the draw for the offers whose confidence reaches the threshold, 0 to 1.
        threshold : float, default=80
            Confidence from which an offer is sure, 0 to 100.

        Returns
        -------
        DataFrame of shape (n_drawn, 6)
            ``offer_id``, ``text``, ``confidence`` (the smallest of the offer's themes),
            ``stratum``, ``inclusion_probability`` and ``cluster``, in the table's order. Offers
            that share a text are one unit of the draw, and share their ``cluster``.

        Raises
        ------
        ValueError
            If a parameter is out of range, the table is not an annotated one, its themes are
            not in the taxonomy, or the file holds another draw.
        ReviewFileError
            If the review file cannot be read or written.

        See Also
        --------
        gold : The decisions with the probabilities.

        Notes
        -----
        Stratified sampling without replacement (Cochran, *Sampling Techniques*, 1977, chapter
        5). The unit is the distinct text; the strata are the bands of confidence 0-50,
        50-threshold, threshold-90 and 90-100, and ``unknown`` for texts with an unanswered
        theme, which count as unsure. Of the ``N_h`` texts of a stratum ``n_h`` are drawn at
        random: each has the probability ``n_h / N_h``. At least two are drawn of each stratum,
        for its variance; the rest goes to the sure and unsure strata by ``sure_share``, and in
        proportion to size within them.

        One review file holds one draw. The same call again changes nothing; with a larger
        ``n_offers`` it extends the draw and brings the probabilities up to date, because the
        texts keep their turn. Any other draw into the file is refused: together the two would
        give the offers chances that nobody knows.
        """
        earlier = {
            cell["text"]: (cell.get("stratum"), cell["inclusion_probability"])
            for cell in self._read_cells()
            if is_drawn(cell)
        }
        drawn, cells = draw_offers(
            annotated,
            n_offers,
            random_state=random_state,
            sure_share=sure_share,
            threshold=threshold,
            earlier=earlier,
            themes=self.taxonomy.codes,
        )
        merge_review(self.path, cells)
        return drawn

    def add_sample(
        self,
        sample: pd.DataFrame,
        offers: Any,
        *,
        themes: Sequence[str] | None = None,
        text_columns: Sequence[str] | None = None,
    ) -> int:
        """Add a gold sample: its cells to review, without any answer that could lead readers.

        Parameters
        ----------
        sample : DataFrame of shape (n_offers, n_columns)
            What `sample_gold` gives: ``offer_id``, ``inclusion_probability``, ``stratum`` and
            ``cluster``.
        offers : DataFrame, pyarrow.Table, str, path-like or iterable of these
            Where the offers' texts are: a table of offers, or files as for `iter_offers`, of
            which those of the sample are kept.
        themes : sequence of str, optional
            Codes of the themes to decide. By default all of the taxonomy.
        text_columns : sequence of str, optional
            Columns whose text is joined, when they are not the JOCAS ones.

        Returns
        -------
        int
            How many cells are new in the file.

        Raises
        ------
        ValueError
            If the table is no sample, an offer's text is not found or differs from the file's, a
            theme is not in the taxonomy, or the file holds another sample or draw.
        ReviewFileError
            If the review file cannot be read or written.
        OffersError
            If the files of offers cannot be read.

        See Also
        --------
        sample_gold : Draws the sample.
        gold : The decisions with the sample's probabilities.

        Notes
        -----
        A cell that is in the file already is not doubled: what the teacher proposed is emptied,
        what people decided stays. The same sample again changes nothing; a larger one of the
        same seed adds its offers and brings all probabilities up to date. Any other is refused,
        as by `draw`. Give the sample a review file of its own: a `ConfidenceFilter` that writes
        into it would show readers the teacher's answers.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import pandas as pd
        >>> from jocas_themes import load_sample_offers
        >>> from jocas_themes.annotations.review import ReviewQueue
        >>> offers = load_sample_offers()
        >>> sample = pd.DataFrame({
        ...     "offer_id": offers["offer_id"][:2],
        ...     "inclusion_probability": 2 / 300,
        ...     "stratum": "all",
        ...     "cluster": offers["offer_id"][:2],
        ... })
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> ReviewQueue(folder / "gold.jsonl").add_sample(sample, offers)
        12
        """
        codes = self.taxonomy.codes if themes is None else tuple(themes)
        strangers = [code for code in codes if code not in self.taxonomy.codes]
        if strangers or not codes or isinstance(themes, str):
            raise ValueError(
                f"themes must be codes of the taxonomy, which has {list(self.taxonomy.codes)!r}, "
                f"got {themes!r}."
            )
        there = self._read_cells()
        cells = list_sample_cells(
            sample, offers, themes=codes, text_columns=text_columns, there=there
        )
        return merge_review(self.path, cells) - len(there)

    def gold(self, *, drawn_only: bool = True) -> pd.DataFrame:
        """Return the decisions as gold labels, one row an offer.

        Parameters
        ----------
        drawn_only : bool, default=True
            Leave out offers that were not drawn, whose probability is not known (NaN). They
            were chosen because the teacher was unsure: figures from them hold for no others.

        Returns
        -------
        DataFrame of shape (n_offers, 6 + n_themes)
            ``offer_id``, for each theme ``CODE`` (0, 1 or NaN), ``inclusion_probability``,
            ``stratum``, ``cluster``, ``reviewer`` (joined by commas when there are several) and
            ``reviewed_at`` (the latest). Of the offers that were not drawn, those with a
            decision.

        Raises
        ------
        ReviewFileError
            If the review file cannot be read.

        Warns
        -----
        JocasThemesWarning
            If drawn offers wait for a decision: the probabilities are those of all drawn offers.

        See Also
        --------
        add_sample, draw : Where the probabilities come from.
        """
        cells = self._read_cells()
        decided = self._find_decisions(cells)
        drawn = {cell["offer_id"] for cell in cells if is_drawn(cell)}
        waiting = {
            cell["offer_id"]
            for cell in cells
            if is_drawn(cell) and find_decision(decided, cell) is None
        }
        if waiting:
            warnings.warn(
                f"{len(waiting)} of the {len(drawn)} drawn offers wait for a decision. The "
                f"probabilities hold for all drawn offers: figures from the others alone may be "
                f"biased. Review what queue.pending() lists first.",
                JocasThemesWarning,
                stacklevel=2,
            )
        kept = [
            cell
            for cell in cells
            if cell["offer_id"] in drawn or (not drawn_only and find_decision(decided, cell))
        ]
        return build_gold(kept, decided, self.taxonomy.codes)

    def export_to(
        self,
        path: str | Path,
        format: str,  # noqa: A002
        *,
        pending_only: bool = True,
        show_proposed: bool = True,
    ) -> int:
        """Write the queue in a form that people, or a labelling tool, can work with.

        Parameters
        ----------
        path : str or Path
            The file; one that is there is replaced.
        format : {"jsonl", "csv", "label_studio", "doccano", "argilla"}
            ``jsonl`` and ``csv`` have one cell a line, with ``decision`` to fill in; the others
            one task a distinct text. A name ending in ``.jsonl`` makes doccano's and Argilla's
            files JSON lines, any other a JSON list.
        pending_only : bool, default=True
            Leave out the cells that have a decision.
        show_proposed : bool, default=True
            Show the teacher's answers. Offers that are to measure the teacher are better
            reviewed without: who sees an answer tends to agree with it.

        Returns
        -------
        int
            How many cells were written.

        Raises
        ------
        ValueError
            If there is no such format.
        ReviewFileError
            If the review file cannot be read, or the file cannot be written.

        See Also
        --------
        build_setup : What the tool needs to know of the themes.

        Notes
        -----
        Offers that were drawn come in an order that has nothing to do with their dates, to be
        read in it, and without their stratum, which would tell readers what to expect.

        Forms as read and written by Label Studio 1.x, doccano 1.8 and Argilla 2; none of these
        packages is needed. A spreadsheet cuts texts at 32,767 characters; such a text is
        refused when it comes back.
        """
        form, path = find_format(format), Path(path)
        cells = self._read_decided()
        if pending_only:
            cells = [cell for cell in cells if cell["decision"] is None]
        if not show_proposed:
            cells = [cell | dict.fromkeys(_SHOWN) for cell in cells]
        content = form.write(mix_drawn(cells), self.taxonomy, lines=path.suffix.lower() == ".jsonl")
        try:
            with replace_when_whole(path) as staging:
                staging.write_text(content, encoding="utf-8", errors="replace", newline="")
        except OSError as error:
            raise ReviewFileError(f"{path} cannot be written: {error}.") from error
        return len(cells)

    def build_setup(self, format: str) -> str:  # noqa: A002
        """Return what a tool needs to know of the themes before it gets the tasks.

        Parameters
        ----------
        format : {"label_studio", "doccano", "argilla"}
            The tool.

        Returns
        -------
        str
            Label Studio's labelling configuration (XML), doccano's file of labels (JSON), or
            the Python lines that make Argilla's settings.

        Raises
        ------
        ValueError
            If the format needs none, or there is no such format.

        Examples
        --------
        >>> from jocas_themes.annotations.review import ReviewQueue
        >>> print(ReviewQueue("to_review.jsonl").build_setup("label_studio"))
        <View>
          <Header value="$asked"/>
          <Text name="text" value="$text"/>
          <Choices name="themes" toName="text" choice="multiple">
            <Choice value="Diversité" alias="DIVERSITY" hint="..."/>
        ...
        """
        build = find_format(format).build_setup
        if build is None:
            raise ValueError(f"{format!r} needs no setup.")
        return build(self.taxonomy)

    def import_from(
        self,
        path: str | Path,
        format: str | None = None,  # noqa: A002
        *,
        reviewer: str | None = None,
    ) -> int:
        """Read people's decisions from a file: all of them, or none where anything is wrong.

        Parameters
        ----------
        path : str or Path
            The file, as `export_to` or a tool wrote it.
        format : {"jsonl", "csv", "label_studio", "doccano", "argilla"}, optional
            Its form, when the name's ending and the first record do not tell.
        reviewer : str, optional
            Who decided, where the file does not say.

        Returns
        -------
        int
            How many decisions are new. Importing a file again adds none.

        Raises
        ------
        ValueError
            If there is no such format, or no store.
        FileNotFoundError
            If there is no such file.
        ReviewFileError
            If the file cannot be read, or holds unknown offers or themes, texts that differ
            from the queue's, answers that are not 0 or 1, two answers of one reviewer to the
            same question, or none who decided.

        Warns
        -----
        JocasThemesWarning
            If a doccano file holds examples without a label, which decide nothing.

        Notes
        -----
        What was not answered is never read as absent. Where a tool gives the themes present in
        a whole offer, an offer that was annotated decides all themes that it was asked about,
        as the task says; a theme that was chosen without being asked for is present, too.
        Of Label Studio the export "JSON" is read, skipped annotations and drafts left out; of
        Argilla submitted responses; of doccano examples with a label, where ``(no theme)``
        stands for none.
        """
        store, path = self._require_store(), Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path} to import.")
        content = path.read_bytes()
        cells = self._read_cells()
        faults: list[str] = []
        try:
            source = format or guess_format(path, content)
            given = list(find_format(source).read(content, faults))
        except ReviewFileError as error:
            raise ReviewFileError(f"{path}: {error}") from error
        checker = DecisionChecker(
            cells,
            self.taxonomy.codes,
            DecisionLog(store.read_decisions()),
            reviewer=reviewer,
            source=source,
        )
        decisions = checker.check(given)
        raise_faults(path, [*faults, *checker.faults])
        return store.add_decisions(decisions)

    def _read_cells(self) -> list[Cell]:
        return read_queue(self.path, self.taxonomy)

    def _find_decisions(self, cells: list[Cell]) -> Decided:
        if self.store is None:
            return {}
        return self.store.find_decisions({cell["text"] for cell in cells})

    def _read_decided(self) -> list[Cell]:
        """Read the cells, each with the decision that holds."""
        cells = self._read_cells()
        return add_decisions(cells, self._find_decisions(cells))

    def _find_cell(self, offer_id: str, theme: str) -> Cell:
        for cell in self._read_cells():
            if (cell["offer_id"], cell["theme"]) == (offer_id, theme):
                return cell
        raise ValueError(
            f"{self.path} has no cell ({offer_id!r}, {theme!r}). queue.to_frame() lists them."
        )

    def _require_store(self) -> AnnotationStore:
        if self.store is None:
            raise ValueError(
                "decisions need a place to be kept. Pass store= with the teacher's store."
            )
        return self.store
