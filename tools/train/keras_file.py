# SPDX-License-Identifier: Apache-2.0
"""Writes the embedded sample: a network as Keras 2 saves a full model in HDF5, and pictures with labels or outputs.

Layers are named and ordered as keras.applications does for MobileNet V1. Configuration keys that only matter for training
(initializers, regularizers, constraints) are left out; Keras fills in its defaults.
"""
import json

import h5py
import numpy as np
import torch

MANTISSA = 11  # bits kept of 23: half precision's, which is below the noise of training and halves the compressed file


def round_weights(model):
    """Rounds every parameter and running statistic to MANTISSA bits, in place, so that the zero bytes compress."""
    drop = 23 - MANTISSA
    for value in model.state_dict().values():
        if value.dtype == torch.float32:
            bits = value.detach().contiguous().numpy().view(np.uint32)
            bits = ((bits + (1 << (drop - 1))) >> drop) << drop
            value.copy_(torch.from_numpy(bits.view(np.float32)))


def dataset(group, name, array):
    """Compresses what is worth a chunk's overhead."""
    extra = {"compression": 9, "shuffle": True} if array.nbytes >= 4096 else {}
    group.create_dataset(name, data=array, **extra)


class Network:
    """Collects layers, each connected to the one before."""

    def __init__(self, side):
        self.layers, self.weights = [], {}
        self.last = None
        self.add("InputLayer", "input_1", batch_input_shape=[None, side, side, 3], sparse=False, ragged=False)

    def add(self, kind, layer, weights=(), **config):
        config = {"name": layer, "trainable": True, "dtype": "float32", **config}
        if kind == "InputLayer":
            del config["trainable"]
        inbound = [[[self.last, 0, 0, {}]]] if self.last else []
        self.layers.append({"class_name": kind, "config": config, "name": layer, "inbound_nodes": inbound})
        self.weights[layer] = [(f"{layer}/{name}:0", np.ascontiguousarray(value)) for name, value in weights]
        self.last = layer

    def convolution(self, kind, layer, kernel, weights, stride=1, **config):
        self.add(kind, layer, weights, **config, kernel_size=[kernel, kernel], strides=[stride, stride],
                 padding="valid" if stride == 2 and kind == "DepthwiseConv2D" else "same", data_format="channels_last",
                 dilation_rate=[1, 1], groups=1, activation="linear", use_bias=len(weights) > 1)

    def normalize(self, layer, bn):
        names = {"gamma": bn.weight, "beta": bn.bias, "moving_mean": bn.running_mean, "moving_variance": bn.running_var}
        self.add("BatchNormalization", layer + "_bn", [(k, v.detach().numpy()) for k, v in names.items()], axis=[3],
                 momentum=0.99, epsilon=bn.eps, center=True, scale=True)
        self.add("ReLU", layer + "_relu", max_value=6.0, negative_slope=0.0, threshold=0.0)

    def unit(self, layer, unit, kind):
        weight = unit.conv.weight.detach().numpy()
        if kind == "DepthwiseConv2D":
            if unit.stride == 2:
                self.add("ZeroPadding2D", layer.replace("dw", "pad"), padding=[[0, 1], [0, 1]], data_format="channels_last")
            self.convolution(kind, layer, unit.kernel, [("depthwise_kernel", weight.transpose(2, 3, 0, 1))], unit.stride,
                             depth_multiplier=1)
        else:
            self.convolution(kind, layer, unit.kernel, [("kernel", weight.transpose(2, 3, 1, 0))], unit.stride,
                             filters=weight.shape[0])
        self.normalize(layer, unit.bn)

    def write(self, path, name):
        config = {"class_name": "Functional", "config": {"name": name, "layers": self.layers, "input_layers": [
            [self.layers[0]["name"], 0, 0]], "output_layers": [[self.last, 0, 0]]}}
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = json.dumps(config)
            root = file.create_group("model_weights")
            root.attrs["layer_names"] = np.array([layer.encode() for layer in self.weights])
            for where in (file, root):
                where.attrs["backend"] = "tensorflow"
                where.attrs["keras_version"] = "2.8.0"
            for layer, weights in self.weights.items():
                group = root.create_group(layer)
                group.attrs["weight_names"] = np.array([key.encode() for key, _ in weights]) if weights else np.zeros(0)
                for key, value in weights:
                    dataset(group, key, value)


def write_model(path, model, side):
    net = Network(side)
    net.unit("conv1", model.stem, "Conv2D")
    for i, (depthwise, pointwise) in enumerate(model.blocks, 1):
        net.unit(f"conv_dw_{i}", depthwise, "DepthwiseConv2D")
        net.unit(f"conv_pw_{i}", pointwise, "Conv2D")
    classes = model.head.weight.shape[0]
    net.add("GlobalAveragePooling2D", "global_average_pooling2d", data_format="channels_last", keepdims=True)
    net.add("Dropout", "dropout", rate=0.001, noise_shape=None, seed=None)
    head = [("kernel", model.head.weight.detach().numpy().transpose(2, 3, 1, 0)), ("bias", model.head.bias.detach().numpy())]
    net.convolution("Conv2D", "conv_preds", 1, head, filters=classes)
    net.add("Reshape", "reshape_2", target_shape=[classes])
    net.add("Activation", "predictions", activation="softmax")
    net.write(path, f"mobilenet_0.25_{side}")


def write_pictures(path, pictures, classes, labels=None, outputs=None):
    """pictures: uint8 (n,3,h,w), stored (n,h,w,3); a chunk holds one colour of ten pictures, which compresses best."""
    images = pictures.permute(0, 2, 3, 1).contiguous().numpy()
    n, h, w, _ = images.shape
    with h5py.File(path, "w") as file:
        file.attrs["class_names"] = np.array([c.encode() for c in classes])
        file.attrs["preprocess"] = "tf"
        file.create_dataset("images", data=images, chunks=(min(n, 10), h, w, 1), compression=9)
        if labels is not None:
            file.create_dataset("labels", data=labels.numpy().astype(np.uint8))
        if outputs is not None:
            file.create_dataset("outputs", data=outputs.numpy().astype(np.float32))
