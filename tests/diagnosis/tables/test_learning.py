"""What scikit-learn and torch say."""

from __future__ import annotations

import pytest
from tablerows import holds_as_a_table

from autoexec_magic.diagnosis import python
from autoexec_magic.diagnosis.tables import learning


def test_each_row_has_a_fix_and_was_captured():
    """But for those that need what is not here; their words are below."""
    holds_as_a_table(
        learning, {"device-mismatch", "gpu-assert", "gpu-failed", "gpu-in-fork", "gpu-out-of-memory"}
    )


@pytest.mark.parametrize(
    ("type_name", "message", "code", "confidence"),
    [
        (
            "torch.OutOfMemoryError",
            "CUDA out of memory. Tried to allocate 2.00 GiB.",
            "gpu-out-of-memory",
            "likely",
        ),
        ("torch.cuda.OutOfMemoryError", "CUDA out of memory.", "gpu-out-of-memory", "likely"),
        ("RuntimeError", "CUDA out of memory. Tried to allocate 2.00 GiB.", "gpu-out-of-memory", "likely"),
        ("RuntimeError", "CUDA error: device-side assert triggered", "gpu-assert", "likely"),
        ("RuntimeError", "CUDA error: an illegal memory access was encountered", "gpu-failed", "likely"),
        (
            "RuntimeError",
            "Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing",
            "gpu-in-fork",
            "likely",
        ),
        (
            "RuntimeError",
            "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!",
            "device-mismatch",
            "certain",
        ),
        ("RuntimeError", "Found no NVIDIA driver on your system.", "gpu-not-available", "certain"),
        ("tensorflow.OddError", "CUDA out of memory.", "gpu-out-of-memory", "likely"),
        ("RuntimeError", "expected scalar type Float but found Double", "dtype-mismatch", "likely"),
        ("RuntimeError", "\"addmm_impl_cpu_\" not implemented for 'Half'", "dtype-mismatch", "likely"),
    ],
)
def test_words_that_were_not_captured_here(type_name, message, code, confidence):
    """As other versions, other machines and other printers write them."""
    seen = python.explain(type_name, message)
    assert (seen[0], seen[3]) == (code, confidence)
