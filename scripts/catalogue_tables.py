"""What torchvision's signatures do not say: the hand-written half of the catalogue, read by `make_catalogue.py`.

Types are in the language of `feedline.compiler.catalogue.types`.
"""

from __future__ import annotations


def words(text: str) -> list[str]:
    """The words of a text: a list of names that reads better than a list of quoted names."""
    return text.split()


# ---- types

EVERYWHERE = {
    "fill": "int | float | [float] | none",
    "interpolation": "interpolation",
    "p": "float 0..1",
    "padding_mode": "{constant edge reflect symmetric}",
    "root": "path",
}
"""Parameters that mean the same in every class that has them."""

_SIZE = "int 1.. | [int 1.. 1,2]"
_FACTOR = "float 0.. | (float 0.., float 0..) | none"

TRANSFORM_TYPES = {
    "AugMix.alpha": "float 0..",
    "AugMix.severity": "int 1..10",
    "AutoAugment.policy": "autoaugment",
    "CenterCrop.size": _SIZE,
    "ClampBoundingBoxes.clamping_mode": "{soft hard auto} | none",
    "ColorJitter.brightness": _FACTOR,
    "ColorJitter.contrast": _FACTOR,
    "ColorJitter.hue": "float 0..0.5 | (float -0.5..0.5, float -0.5..0.5) | none",
    "ColorJitter.saturation": _FACTOR,
    "ConvertBoundingBoxFormat.format": "box_format",
    "ElasticTransform.alpha": "float | [float 1,2]",
    "ElasticTransform.sigma": "float 0.. | [float 0.. 1,2]",
    "FiveCrop.size": _SIZE,
    "GaussianBlur.kernel_size": _SIZE,
    "GaussianBlur.sigma": "float 0.. | [float 0.. 1,2]",
    "GaussianNoise.clip": "bool",
    "GaussianNoise.sigma": "float 0..",
    "Grayscale.num_output_channels": "int 1..3",
    "JPEG.quality": "int 1..100 | (int 1..100, int 1..100)",
    "LinearTransformation.mean_vector": "[float]",
    "LinearTransformation.transformation_matrix": "[[float]]",
    "CutMix.alpha": "float 0..",
    "CutMix.num_classes": "int 1.. | none",
    "MixUp.alpha": "float 0..",
    "MixUp.num_classes": "int 1.. | none",
    "Pad.padding": "int | [int 1,2,4]",
    "RandAugment.magnitude": "int 0..",
    "RandAugment.num_magnitude_bins": "int 2..",
    "RandAugment.num_ops": "int 0..",
    "RandomAdjustSharpness.sharpness_factor": "float 0..",
    "RandomAffine.center": "(float, float) | none",
    "RandomAffine.degrees": "float 0.. | (float, float)",
    "RandomAffine.scale": "(float 0.., float 0..) | none",
    "RandomAffine.shear": "float 0.. | [float 2,4] | none",
    "RandomAffine.translate": "(float 0..1, float 0..1) | none",
    "RandomApply.transforms": "[transform]",
    "RandomChoice.p": "[float 0..] | none",
    "RandomChoice.transforms": "[transform]",
    "RandomCrop.padding": "int | [int 1,2,4] | none",
    "RandomCrop.size": _SIZE,
    "RandomErasing.ratio": "(float 0.., float 0..)",
    "RandomErasing.scale": "(float 0..1, float 0..1)",
    "RandomErasing.value": "float | [float] | {random}",
    "RandomIoUCrop.max_aspect_ratio": "float 0..",
    "RandomIoUCrop.max_scale": "float 0..",
    "RandomIoUCrop.min_aspect_ratio": "float 0..",
    "RandomIoUCrop.min_scale": "float 0..",
    "RandomIoUCrop.sampler_options": "[float 0..] | none",
    "RandomIoUCrop.trials": "int 1..",
    "RandomOrder.transforms": "[transform]",
    "Compose.transforms": "[transform]",
    "RandomPerspective.distortion_scale": "float 0..1",
    "RandomPhotometricDistort.brightness": "(float 0.., float 0..)",
    "RandomPhotometricDistort.contrast": "(float 0.., float 0..)",
    "RandomPhotometricDistort.hue": "(float -0.5..0.5, float -0.5..0.5)",
    "RandomPhotometricDistort.saturation": "(float 0.., float 0..)",
    "RandomPosterize.bits": "int 0..8",
    "RandomResize.max_size": "int 1..",
    "RandomResize.min_size": "int 1..",
    "RandomResizedCrop.ratio": "(float 0.., float 0..)",
    "RandomResizedCrop.scale": "(float 0.., float 0..)",
    "RandomResizedCrop.size": _SIZE,
    "RandomRotation.center": "(float, float) | none",
    "RandomRotation.degrees": "float 0.. | (float, float)",
    "RandomShortestSize.max_size": "int 1.. | none",
    "RandomShortestSize.min_size": "int 1.. | [int 1..]",
    "RandomZoomOut.side_range": "(float 1.., float 1..)",
    "Resize.max_size": "int 1.. | none",
    "Resize.size": f"{_SIZE} | none",
    "SanitizeBoundingBoxes.min_area": "float 1..",
    "SanitizeBoundingBoxes.min_size": "float 1..",
    "ScaleJitter.scale_range": "(float 0.., float 0..)",
    "ScaleJitter.target_size": "(int 1.., int 1..)",
    "SetClampingMode.clamping_mode": "{soft hard} | none",
    "TenCrop.size": _SIZE,
    "ToDtype.dtype": "dtype",
    "TrivialAugmentWide.num_magnitude_bins": "int 1..",
    "UniformTemporalSubsample.num_samples": "int 1..",
}

_TRAIN_TEST = "{train test}"
_TRAIN_VAL = "{train val}"
_TRAIN_VAL_TEST = "{train val test}"
_PASS = "{clean final both}"
_INATURALIST_LEVELS = "full super kingdom phylum class order family genus"

DATASET_TYPES = {
    "CLEVRClassification.split": _TRAIN_VAL_TEST,
    "Caltech101.target_type": "{category annotation} | [{category annotation}]",
    "CelebA.split": "{train valid test all}",
    "CelebA.target_type": "{attr identity bbox landmarks} | [{attr identity bbox landmarks}]",
    "Cityscapes.mode": "{fine coarse}",
    "Cityscapes.split": "{train val test train_extra}",
    "Cityscapes.target_type": "{instance semantic polygon color} | [{instance semantic polygon color}]",
    "CocoCaptions.annFile": "path",
    "CocoDetection.annFile": "path",
    "Country211.split": "{train valid test}",
    "DatasetFolder.extensions": "[str] | none",
    "DTD.partition": "int 1..10",
    "DTD.split": _TRAIN_VAL_TEST,
    "EMNIST.split": "{byclass bymerge balanced letters digits mnist}",
    "ETH3DStereo.split": _TRAIN_TEST,
    "FER2013.split": _TRAIN_TEST,
    "FGVCAircraft.annotation_level": "{variant family manufacturer}",
    "FGVCAircraft.split": "{train val trainval test}",
    "FakeData.image_size": "(int 1.., int 1.., int 1..)",
    "FakeData.num_classes": "int 1..",
    "FakeData.size": "int 1..",
    "FallingThingsStereo.variant": "{single mixed both}",
    "Flickr30k.ann_file": "path",
    "Flickr8k.ann_file": "path",
    "Flowers102.split": _TRAIN_VAL_TEST,
    "FlyingChairs.split": _TRAIN_VAL,
    "FlyingThings3D.camera": "{left right both}",
    "FlyingThings3D.pass_name": _PASS,
    "FlyingThings3D.split": _TRAIN_TEST,
    "Food101.split": _TRAIN_TEST,
    "GTSRB.split": _TRAIN_TEST,
    "HD1K.split": _TRAIN_TEST,
    "HMDB51.annotation_path": "path",
    "HMDB51.fold": "int 1..3",
    "HMDB51.output_format": "{THWC TCHW}",
    "INaturalist.target_type": f"{{{_INATURALIST_LEVELS}}} | [{{{_INATURALIST_LEVELS}}}]",
    "INaturalist.version": "{2017 2018 2019 2021_train 2021_train_mini 2021_valid}",
    "ImageNet.split": _TRAIN_VAL,
    "Imagenette.download": "bool",
    "Imagenette.size": "{full 320px 160px}",
    "Imagenette.split": _TRAIN_VAL,
    "InStereo2k.split": _TRAIN_TEST,
    "Kinetics.extensions": "[str]",
    "Kinetics.num_classes": "{400 600 700}",
    "Kinetics.output_format": "{THWC TCHW}",
    "Kinetics.split": _TRAIN_VAL_TEST,
    "Kitti2012Stereo.split": _TRAIN_TEST,
    "Kitti2015Stereo.split": _TRAIN_TEST,
    "KittiFlow.split": _TRAIN_TEST,
    "LFWPairs.image_set": "{original funneled deepfunneled}",
    "LFWPairs.split": "{10fold train test}",
    "LFWPeople.image_set": "{original funneled deepfunneled}",
    "LFWPeople.split": "{10fold train test}",
    "LSUN.classes": "{train val test} | [str]",
    "Middlebury2014Stereo.calibration": "{perfect imperfect both} | none",
    "Middlebury2014Stereo.split": "{train test additional}",
    "MovingMNIST.split": f"{_TRAIN_TEST} | none",
    "OxfordIIITPet.split": "{trainval test}",
    "OxfordIIITPet.target_types": "{category binary-category segmentation} | [{category binary-category segmentation}]",
    "PCAM.split": "{train test val}",
    "PhotoTour.name": "{notredame_harris yosemite_harris liberty_harris notredame yosemite liberty}",
    "Places365.split": "{train-standard train-challenge val test}",
    "QMNIST.what": "{train test test10k test50k nist} | none",
    "RenderedSST2.split": _TRAIN_VAL_TEST,
    "SBDataset.image_set": "{train val train_noval}",
    "SBDataset.mode": "{segmentation boundaries}",
    "STL10.folds": "int 0..9 | none",
    "STL10.split": "{train train+unlabeled unlabeled test}",
    "SVHN.split": "{train extra test}",
    "SceneFlowStereo.pass_name": _PASS,
    "SceneFlowStereo.variant": "{FlyingThings3D Driving Monkaa}",
    "Sintel.pass_name": _PASS,
    "Sintel.split": _TRAIN_TEST,
    "SintelStereo.pass_name": _PASS,
    "StanfordCars.split": _TRAIN_TEST,
    "UCF101.annotation_path": "path",
    "UCF101.fold": "int 1..3",
    "UCF101.output_format": "{THWC TCHW}",
    "VOCDetection.image_set": "{train trainval val test}",
    "VOCDetection.year": "{2007 2008 2009 2010 2011 2012}",
    "VOCSegmentation.image_set": "{train trainval val test}",
    "VOCSegmentation.year": "{2007 2008 2009 2010 2011 2012}",
    "WIDERFace.split": _TRAIN_VAL_TEST,
}

# ---- what is left out

_IN_THE_LOADER = "write the steps in the loader's `transform { ... }`"
_ROWS = "feedline filters every field that has one row an object along with the boxes"

REFUSED = {
    "is_valid_file": 'a file has no functions; use `Files("**/*.png", root=...)` to pick files by name',
    "labels_getter": _ROWS,
    "loader": "feedline decodes images itself; `mode`, `image_backend` and `exif` say how",
    "target_transform": "write the steps in the loader's `transform { on label { ... } }`",
    "transform": _IN_THE_LOADER,
    "transforms": _IN_THE_LOADER,
}
"""Parameters that hold Python code, and what to do instead. `transforms` of a container is in TRANSFORM_TYPES."""

EXCLUDED_TRANSFORMS = {"Transform", "Lambda", "AutoAugmentPolicy", "InterpolationMode"}
EXCLUDED_DATASETS = {"VisionDataset", "wrap_dataset_for_transforms_v2"}

KWARGS = {
    "EMNIST": ("MNIST", ("train", "download")),
    "QMNIST": ("MNIST", ("download",)),
}
"""Classes that hand `**kwargs` to another class: which of its parameters that reaches. `ImageNet` passes on none that
serves here."""

# ---- what transforms do

DETERMINISTIC = set(
    words("""
        CenterCrop ClampBoundingBoxes ClampKeyPoints Compose ConvertBoundingBoxFormat ConvertImageDtype FiveCrop
        Grayscale Identity LinearTransformation Normalize PILToTensor Pad RGB Resize SanitizeBoundingBoxes
        SanitizeKeyPoints SetClampingMode TenCrop ToDtype ToImage ToPILImage ToPureTensor ToTensor
        UniformTemporalSubsample
    """)
)
"""Every other transform counts as random: a new class of torchvision is at worst seeded for nothing."""

BATCH = {"CutMix", "MixUp"}

# ---- docs better than a docstring's first sentence

DOCS = {
    "ConvertImageDtype": "Convert the image to `dtype` and scale its values: like `ToDtype(dtype, scale=true)`.",
    "DatasetFolder": "Images in one folder a class, of the kinds of file that `extensions` lists.",
    "FakeData": "Randomly generated images with random labels.",
    "Identity": "Leave the input as it is.",
    "ImageFolder": "Images in one folder a class: `root/dog/1.png`, `root/cat/2.png`.",
    "LFWPairs": "Labeled Faces in the Wild: pairs of faces, and whether they are of one person.",
    "LFWPeople": "Labeled Faces in the Wild: one face a sample.",
    "LSUNClass": "One category of LSUN, without labels.",
    "RandomErasing": "Randomly select a rectangle in the input image or video and erase its pixels.",
    "ToTensor": "Convert the image to a float32 tensor with values from 0 to 1, as torchvision's v1 class does.",
}

# ---- what datasets hold

GREY = set(words("MNIST FashionMNIST KMNIST EMNIST QMNIST USPS SEMEION FER2013 Omniglot PhotoTour"))
"""Datasets whose images are stored with one channel: their default mode is `L`."""

ARRAYS = GREY - {"Omniglot"} | set(words("CIFAR10 CIFAR100 STL10 SVHN FakeData PCAM MovingMNIST"))
"""Datasets that keep pixels as arrays: there is no file whose orientation tag could count."""

_FLOW = "image image2 flow valid"
_STEREO = "image image2 disparity valid"

FIELDS = {
    **dict.fromkeys(words("Caltech101 INaturalist OxfordIIITPet"), "image label"),
    **dict.fromkeys(words("CocoCaptions Flickr8k Flickr30k"), "image captions"),
    **dict.fromkeys(words("FlyingChairs FlyingThings3D HD1K KittiFlow Sintel"), _FLOW),
    **dict.fromkeys(
        words("""
            CREStereo CarlaStereo ETH3DStereo FallingThingsStereo InStereo2k Kitti2012Stereo Kitti2015Stereo
            Middlebury2014Stereo SceneFlowStereo SintelStereo
        """),
        _STEREO,
    ),
    **dict.fromkeys(words("Kinetics HMDB51 UCF101"), "video audio label"),
    "CelebA": "image attr identity bbox landmarks",
    "Cityscapes": "image mask",
    "CocoDetection": "image boxes labels masks area iscrowd image_id",
    "Kitti": "image boxes labels truncated occluded alpha dimensions location rotation_y",
    "LFWPairs": "image image2 label",
    "MovingMNIST": "video",
    "LSUNClass": "image",
    "PhotoTour": "image image2 label",
    "SBDataset": "image mask",
    "SBU": "image caption",
    "VOCDetection": "image boxes labels difficult truncated",
    "VOCSegmentation": "image mask",
    "WIDERFace": "image boxes blur expression illumination occlusion pose invalid",
}
"""The fields that a sample may have; `image label` where nothing is said."""

OBJECT_FIELDS = set(
    words("""
        labels masks area iscrowd keypoints truncated occluded alpha dimensions location rotation_y difficult blur
        expression illumination occlusion pose invalid
    """)
)
"""Fields with one row an object."""

MODE = ("mode", "{RGB L RGBA}", "RGB", "Channels of the decoded image.")
IMAGE_BACKEND = ("image_backend", "{tensor pil}", "tensor", "What the chain receives: uint8 tensors or PIL images.")
EXIF = ("exif", "bool", True, "Turn the image, and its boxes with it, as its orientation tag says.")

OWN_PARAMETERS = {
    "CocoDetection": [
        ("masks", "bool", False, "Decode a mask for every object, from polygons or run lengths."),
        ("bad_boxes", "{error repair}", "error", "Boxes outside their image or without an area."),
    ],
}
"""feedline's own parameters of single datasets."""

OWN_DATASETS = {
    "Files": (
        "Unlabelled images whose paths match a pattern.",
        "image path",
        [
            ("pattern", "str", ..., "Which files, as in `**/*.png`."),
            ("root", "path", ".", "The folder that the pattern starts from."),
        ],
    ),
    "Table": (
        "The rows of a CSV, TSV, JSON Lines or Parquet file; each column is a field.",
        "image label features",
        [
            ("path", "path", ..., "The file; its ending says what it is."),
            ("image", "str | none", None, "The column of image paths, relative to the table."),
            ("label", "str | none", None, "The column that becomes `label`."),
            ("features", "[str] | none", None, "Numeric columns to stack into one float32 vector."),
            ("delimiter", "str | none", None, "What separates the columns of a text; its ending says by default."),
        ],
    ),
}
"""feedline's own sources: doc, fields, parameters (name, type, default or `...`, doc)."""

# ---- constants

CONSTANTS = {
    "imagenet": ("ImageNet, as torchvision's models expect it", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "inception": ("What Inception and many ViT weights expect", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "clip": (
        "What OpenAI's CLIP weights expect",
        (0.48145466, 0.4578275, 0.40821073),
        (0.26862954, 0.26130258, 0.27577711),
    ),
    "kinetics": (
        "Kinetics, as torchvision's video models expect it",
        (0.43216, 0.394666, 0.37645),
        (0.22803, 0.22145, 0.216989),
    ),
    "cifar10": ("The training set of CIFAR-10", (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "cifar100": ("The training set of CIFAR-100", (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
    "svhn": ("The training set of SVHN", (0.4377, 0.4438, 0.4728), (0.1980, 0.2010, 0.1970)),
    "stl10": ("The training set of STL-10", (0.4467, 0.4398, 0.4066), (0.2603, 0.2566, 0.2713)),
    "mnist": ("The training set of MNIST", (0.1307,), (0.3081,)),
    "fashion_mnist": ("The training set of Fashion-MNIST", (0.2860,), (0.3530,)),
}
"""Mean and standard deviation a channel, of pixels from 0 to 1."""
