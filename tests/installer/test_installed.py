"""Files that another installed distribution has are not replaced unasked."""

from __future__ import annotations

import pytest
from index import wheel

CV2 = {"cv2/__init__.py": "FROM = 'ours'\n", "cv2/same.py": ""}


@pytest.mark.parametrize(("text", "asks"), [("FROM = 'theirs'\n", True), ("FROM = 'ours'\n", False)])
def test_a_file_of_another_distribution_is_a_question(environment, index, text, asks):
    """Both are named; a file with the same bytes is no loss."""
    environment.unpack(wheel("cv-other", "3.0", {"cv2/__init__.py": text, "cv2/same.py": ""}))
    index.add("opencv-python", wheel("opencv-python", files=CV2))
    answer = environment.drive("install", names=["opencv-python"])
    assert bool(answer.questions) == asks
    assert asks == ("cv-other 3.0" in str(answer.questions))
    assert ("opencv-python" in environment.distributions) != asks


def test_an_upgrade_replaces_its_own_files(environment, index):
    """A newer version of a distribution asks about the old one, and not about each file."""
    environment.unpack(wheel("opencv-python", "0.9", CV2))
    index.add("opencv-python", wheel("opencv-python", "1.0", {"cv2/__init__.py": "NEW = 1\n"}))
    answer = environment.drive("install", names=["opencv-python==1.0"], answer=True)
    assert answer.error is None
    assert not any("would replace" in line for item in answer.questions for line in item["evidence"])
