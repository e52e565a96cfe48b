"""What scikit-learn and torch say: models, features, tensors, devices."""

from __future__ import annotations

from autoexec_magic.values import Action

from ..rows import Entry, by_message, likely, says
from ..telling import operands
from .arrays import AXIS, DTYPE, LENGTH, MISSING, OUT_OF_BOUNDS, SCALAR, SHAPE, TRUTH
from .language import MEMORY

_RESTART = Action(kind="restart")
_FEATURES = says("feature-mismatch", "give it the columns that it was fitted with, in their order")
_LABEL = says("unseen-label", "fit it with every label that can come, or handle_unknown='ignore'")
_WORKER = likely("worker-died", "run it without workers (num_workers=0) to see why", action=None)
_IN_PLACE = says("modified-in-place", "write x = x + 1 instead of x += 1, or work under torch.no_grad()")
GPU_MEMORY = likely("gpu-out-of-memory", "take a smaller batch, or free what is kept on the GPU")
_GPU = says("gpu-not-available", "use device='cpu', or a build and a driver with CUDA")
_ASSERT = likely(
    "gpu-assert",
    "restart, then set CUDA_LAUNCH_BLOCKING=1: most often an index is out of range",
    action=_RESTART,
)
_FORK = likely("gpu-in-fork", "start workers with 'spawn': multiprocessing.set_start_method('spawn')")
_CUDA = likely("gpu-failed", "restart, then run it on the CPU to see the error itself", action=_RESTART)
_DEVICE = says("device-mismatch", "move both to one device first: .to(device)", tell=operands)
_CHECKPOINT = says("checkpoint-mismatch", "build the model as it was saved, or load with strict=False")
_NOT_IMPLEMENTED = likely("dtype-mismatch", "convert it first: .float(), .long()", tell=operands)

TORCH: tuple[tuple[str, Entry], ...] = (
    ("CUDA out of memory", GPU_MEMORY),
    ("CUBLAS_STATUS_ALLOC_FAILED", GPU_MEMORY),
    ("MPS backend out of memory", GPU_MEMORY),
    ("device-side assert", _ASSERT),
    ("forked subprocess", _FORK),
    ("Found no NVIDIA driver", _GPU),
    ("No CUDA GPUs are available", _GPU),
    ("no kernel image is available", _GPU),
    ("on a CUDA device but", _GPU),
    ("CUDA error", _CUDA),
    ("cuDNN error", _CUDA),
    ("CUDNN_STATUS", _CUDA),
    ("can't allocate memory", MEMORY),
    ("not enough memory", MEMORY),
    ("on the same device", _DEVICE),
    ("Input type and weight type", _DEVICE),
    ("cannot be multiplied", SHAPE),
    ("must match the size of tensor", SHAPE),
    ("is invalid for input of size", SHAPE),
    ("Sizes of tensors must match", SHAPE),
    ("to be equal size", SHAPE),
    ("The expanded size of the tensor", SHAPE),
    ("size mismatch", SHAPE),
    ("Expected size for first two dimensions", SHAPE),
    ("Given groups=", SHAPE),
    ("shape mismatch", SHAPE),
    ("must have the same dtype", DTYPE),
    ("expected scalar type", DTYPE),
    ("Found dtype", DTYPE),
    ("target dtype", DTYPE),
    ("following scalar types", DTYPE),
    ("can't be cast to the desired output type", DTYPE),
    ("\" not implemented for '", _NOT_IMPLEMENTED),
    ("does not require grad", says("no-gradient", "make a leaf with requires_grad=True, and do not detach")),
    ("through the graph a second time", says("graph-freed", "call backward once, or with retain_graph=True")),
    ("by an inplace operation", _IN_PLACE),
    ("used in an in-place operation", _IN_PLACE),
    ("Use tensor.detach()", says("tensor-needs-detach", "write .detach().cpu().numpy()")),
    ("Error(s) in loading state_dict", _CHECKPOINT),
    ("cannot be converted to Scalar", SCALAR),
    ("only one element tensors", SCALAR),
    ("Boolean value of Tensor", TRUTH),
    ("DataLoader worker", _WORKER),
    ("Attempting to deserialize object on a CUDA", _GPU),
)
ROWS: dict[str, Entry] = {
    "torch.OutOfMemoryError": GPU_MEMORY,
    "torch.cuda.OutOfMemoryError": GPU_MEMORY,
    "torch.AcceleratorError": by_message(*TORCH, otherwise=_CUDA),
    "sklearn.exceptions.NotFittedError": says("not-fitted", "call .fit(...) before that line"),
    "sklearn.utils._param_validation.InvalidParameterError": says(
        "wrong-setting", "give {name} a value that the message allows"
    ),
}
SAYINGS: dict[str, tuple[tuple[str, Entry], ...]] = {
    "RuntimeError": TORCH,
    "ValueError": (
        ("contains NaN", MISSING),
        ("contains infinity", MISSING),
        ("inconsistent numbers of samples", LENGTH),
        ("features as input", _FEATURES),
        ("feature names should match", _FEATURES),
        ("previously unseen labels", _LABEL),
        ("Found unknown categories", _LABEL),
        (" array, got ", SHAPE),
        ("match target batch_size", LENGTH),
        ("Unknown label type", says("wrong-target", "use a regressor for numbers, a classifier for classes")),
        ("number of samples", likely("too-few-samples", "take fewer splits, or more samples")),
        ("greater than the number of", likely("too-few-samples", "take fewer splits, or more samples")),
        ("least populated class", says("too-few-samples", "take fewer splits, or leave stratify out")),
        (
            "compatible with arrays of bytes/strings",
            likely("cannot-convert", "make numbers of the texts first"),
        ),
        ("Using a target size", SHAPE),
    ),
    "IndexError": (
        ("Dimension out of range", AXIS),
        ("index out of range in self", OUT_OF_BOUNDS),
        ("Target ", likely("index-out-of-range", "give the last layer as many outputs as there are classes")),
    ),
    "TypeError": (("can't convert cuda", says("tensor-needs-detach", "write .detach().cpu().numpy()")),),
}
