import runpy
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pandas as pd
import pytest
import yaml

from jocas_themes import (
    ThemeClassifier,
    label_chunk,
    load_sample_annotations,
    make_offers,
    save_model,
)
from s3_server import serve_s3

EXAMPLE = Path(__file__).parents[2] / "examples" / "kubernetes"


@pytest.fixture
def s3() -> Iterator[None]:
    with serve_s3("jocas"):
        yield


@pytest.mark.usefixtures("s3")
def test_pods_share_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    student = ThemeClassifier(cv=2).fit(load_sample_annotations()[:100])
    save_model(student, tmp_path / "model")
    fsspec.filesystem("s3").put(f"{tmp_path}/model/", "jocas/model/", recursive=True)
    offers = make_offers(30, random_state=0)
    for month in range(3):
        offers[10 * month :][:10].to_parquet(f"s3://jocas/offers/mois={month}/offers.parquet")
    job = read_job()
    for name in ("OFFERS", "MODEL", "LABELS"):
        monkeypatch.setenv(name, job[name])
    monkeypatch.setenv("N_PODS", "2")
    # The second pod is started twice; a fourth would have nothing to do.
    for place in (0, 1, 1, 3):
        monkeypatch.setenv("JOB_COMPLETION_INDEX", str(place))
        runpy.run_path(str(EXAMPLE / "label_share.py"), run_name="__main__")
    assert capsys.readouterr().out.splitlines() == [
        "pod 0: 20 offers in 1 parts",
        "pod 1: 10 offers in 1 parts",
        "pod 1: 10 offers in 1 parts",
        "pod 3: no files left to label",
    ]
    done = pd.read_parquet("s3://jocas/labels/").sort_values("offer_id")
    expected = label_chunk(student, offers).to_pandas().sort_values("offer_id")
    for name in expected:
        assert done[name].tolist() == expected[name].tolist()


def test_there_are_as_many_pods_as_shares() -> None:
    assert read_job()["N_PODS"] == read_job()["completions"]


def read_job() -> dict[str, str]:
    """Return what the Job tells its pods, and how many they are."""
    job = yaml.safe_load((EXAMPLE / "job.yaml").read_text(encoding="utf-8"))["spec"]
    (container,) = job["template"]["spec"]["containers"]
    told = {entry["name"]: entry["value"] for entry in container["env"]}
    return {"completions": str(job["completions"]), **told}
