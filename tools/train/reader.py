#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the embedded sample: a MobileNet V1 0.25 that reads digits and capitals.

    apt-get install python3-torch python3-h5py python3-pil FONTS      (the packages are listed in scenes.py)
    python3 tools/train/reader.py                                     (about 15 minutes on one core)

Writes tests/golden/reader/: the model as a Keras 2 full-model file, calibration and test pictures, and the outputs of this
program's own forward pass for eight of them. Needed only to retrain; neither the build nor the tests call it.
"""
import argparse
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import keras_file
from scenes import CLASSES, SIZE, Scenes

SEED = 20
# Output channels and stride of the 13 blocks. The second keeps stride 1: 32 pixels leave no room to halve five times.
BLOCKS = [(16, 1), (32, 1), (32, 1), (64, 2), (64, 1), (128, 2)] + [(128, 1)] * 5 + [(256, 2), (256, 1)]
STEM = 8
# Difficulty, thousands of pictures, epochs. A narrow network without residuals does not start on the hard ones.
CURRICULUM = [(0.1, 20, 4), (0.5, 40, 2), (1.0, 100, 9)]
EPSILON = 1e-3  # of Keras' batch normalization


class Unit(nn.Module):
    """Convolution, batch normalization, ReLU6; stride 2 pads right and below only, as TensorFlow does on even sizes."""

    def __init__(self, cin, cout, kernel, stride, depthwise=False):
        super().__init__()
        self.stride, self.kernel = stride, kernel
        self.conv = nn.Conv2d(cin, cout, kernel, stride, 1 if kernel == 3 and stride == 1 else 0,
                              groups=cin if depthwise else 1, bias=False)
        self.bn = nn.BatchNorm2d(cout, eps=EPSILON, momentum=0.03)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out" if not depthwise else "fan_in")

    def forward(self, x):
        if self.stride == 2:
            x = F.pad(x, (0, 1, 0, 1))
        return F.relu6(self.bn(self.conv(x)))


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = Unit(3, STEM, 3, 2)
        self.blocks = nn.ModuleList()
        cin = STEM
        for cout, stride in BLOCKS:
            self.blocks.append(nn.ModuleList([Unit(cin, cin, 3, stride, depthwise=True), Unit(cin, cout, 1, 1)]))
            cin = cout
        self.head = nn.Conv2d(cin, len(CLASSES), 1)

    def forward(self, x):
        """x: pixels 0..255 as float, NCHW; returns logits."""
        x = self.stem(x / 127.5 - 1)
        for depthwise, pointwise in self.blocks:
            x = pointwise(depthwise(x))
        return self.head(x.mean((2, 3), keepdim=True)).flatten(1)


def vary(pictures, rng):
    """Cheap variations that stay in the distribution: colour channels permuted, negatives, shifts of up to two pixels."""
    pictures = pictures[:, torch.randperm(3, generator=rng)].float()
    negative = torch.rand(len(pictures), generator=rng) < 0.5
    pictures[negative] = 255 - pictures[negative]
    dy, dx = torch.randint(0, 5, (2,), generator=rng).tolist()
    return F.pad(pictures, (2, 2, 2, 2), mode="replicate")[:, :, dy:dy + SIZE, dx:dx + SIZE].contiguous()


def train(model, stages, seed, batch=128, rate=3e-3):
    """stages: (pictures, labels, epochs), easy ones first; one warm-up and one cosine over all of them."""
    rng = torch.Generator().manual_seed(seed)
    decayed = [p for p in model.parameters() if p.dim() > 1]
    plain = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0}], lr=rate)
    steps = sum(epochs * (len(pictures) // batch) for pictures, _, epochs in stages)
    step, start = 0, time.time()
    model.train()
    for pictures, labels, epochs in stages:
        for _ in range(epochs):
            order = torch.randperm(len(pictures), generator=rng)
            total, count = 0.0, len(pictures) // batch
            for pick in order[:count * batch].split(batch):
                share = step / steps
                for group in optimizer.param_groups:
                    group["lr"] = rate * min(share / 0.03, 0.5 * (1 + math.cos(math.pi * share)))
                loss = F.cross_entropy(model(vary(pictures[pick], rng)), labels[pick], label_smoothing=0.05)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                total += loss.item()
                step += 1
            print(f"{100 * step / steps:5.1f} %  loss {total / count:.4f}  {time.time() - start:.0f} s", flush=True)


def probabilities(model, pictures):
    model.eval()
    with torch.no_grad():
        return torch.cat([F.softmax(model(p.float()), 1) for p in pictures.split(250)])


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description="train the embedded sample")
    parser.add_argument("-o", "--out", default=os.path.join(here, "../../tests/golden/reader"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)

    start = time.time()
    # Generators of their own, so that no test or calibration picture is also drawn for training.
    scenes = Scenes(SEED + 1)
    stages = []
    for level, thousands, epochs in CURRICULUM:
        parts = [scenes.batch(1000, level) for _ in range(thousands)]
        stages.append((torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts]), epochs))
    calib, calib_labels = Scenes(SEED + 2).balanced(200)
    test, test_labels = Scenes(SEED + 3).balanced(1000)
    print(f"pictures drawn in {time.time() - start:.0f} s", flush=True)

    model = Reader().to(memory_format=torch.channels_last)  # twice as fast on a CPU
    train(model, stages, SEED + 4)
    keras_file.round_weights(model)
    outputs = probabilities(model, test)
    right = (outputs.argmax(1) == test_labels).float().mean().item()
    print(f"float accuracy {100 * right:.1f} % on {len(test)} test pictures, {time.time() - start:.0f} s")

    os.makedirs(args.out, exist_ok=True)
    keras_file.write_model(os.path.join(args.out, "reader.h5"), model, SIZE)
    keras_file.write_pictures(os.path.join(args.out, "reader-calib.h5"), calib, CLASSES, labels=calib_labels)
    keras_file.write_pictures(os.path.join(args.out, "reader-test.h5"), test, CLASSES, labels=test_labels)
    keras_file.write_pictures(os.path.join(args.out, "reader-golden.h5"), test[:8], CLASSES, outputs=outputs[:8])


if __name__ == "__main__":
    main()
