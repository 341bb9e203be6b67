# SPDX-License-Identifier: Apache-2.0
"""Pictures of single characters, 32x32 RGB, made of Debian's fonts: the data of the embedded sample.

Glyphs are rendered once per font with Pillow; everything else (pose, colours, clutter, blur, noise) is drawn in batches with
torch from one seeded generator, so that a seed means the same pictures wherever the same font packages are installed.
"""
import math
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont

CLASSES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SIZE = 32    # side of a picture
GLYPH = 48   # side of a rendered glyph
CAP = 27.0   # height of the letter H in it; other characters keep their size relative to it
STEP = 8     # pixels are multiples of this: noise below it would only cost bytes

ROOT = "/usr/share/fonts"
FONTS = {
    "fonts-dejavu-core": ["truetype/dejavu/" + n for n in (
        "DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf", "DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf")],
    "fonts-liberation": ["truetype/liberation/" + n for n in (
        "LiberationSans-Regular.ttf", "LiberationSans-BoldItalic.ttf", "LiberationSerif-Regular.ttf",
        "LiberationSerif-Italic.ttf", "LiberationMono-Bold.ttf", "LiberationSansNarrow-Regular.ttf")],
    "fonts-freefont-ttf": ["truetype/freefont/" + n for n in ("FreeSerifBold.ttf", "FreeSansOblique.ttf", "FreeMonoBold.ttf")],
    "fonts-roboto-unhinted": ["truetype/roboto/unhinted/" + n for n in (
        "RobotoTTF/Roboto-Regular.ttf", "RobotoTTF/Roboto-Black.ttf", "RobotoTTF/Roboto-LightItalic.ttf",
        "RobotoCondensed-Bold.ttf")],
    "fonts-lato": ["truetype/lato/" + n for n in ("Lato-Regular.ttf", "Lato-HeavyItalic.ttf", "Lato-Light.ttf")],
    "fonts-comic-neue": ["opentype/comic-neue/" + n for n in ("ComicNeue-Regular.otf", "ComicNeue-Bold.otf")],
    "fonts-open-sans": ["truetype/open-sans/" + n for n in ("OpenSans-Regular.ttf", "OpenSans-CondBold.ttf")],
    "fonts-crosextra-carlito": ["truetype/crosextra/Carlito-Regular.ttf"],
    "fonts-crosextra-caladea": ["truetype/crosextra/" + n for n in ("Caladea-Regular.ttf", "Caladea-BoldItalic.ttf")],
    "fonts-firacode": ["truetype/firacode/FiraCode-Medium.ttf"],
    "fonts-courier-prime": ["opentype/courier-prime/Courier Prime Bold.otf"],
}


def glyph_bank():
    """All glyphs as (classes, fonts, GLYPH, GLYPH) in 0..1, each centred on its bounding box."""
    lacking = [pkg for pkg, files in FONTS.items() if not all(os.path.exists(f"{ROOT}/{f}") for f in files)]
    if lacking:
        sys.exit("fonts are missing: apt-get install " + " ".join(lacking))
    files = [f"{ROOT}/{f}" for group in FONTS.values() for f in group]
    bank = np.zeros((len(CLASSES), len(files), GLYPH, GLYPH), np.float32)
    for j, file in enumerate(files):
        top, bottom = ImageFont.truetype(file, 100).getbbox("H")[1::2]
        font = ImageFont.truetype(file, round(100 * CAP / (bottom - top)))
        for i, char in enumerate(CLASSES):
            x0, y0, x1, y1 = font.getbbox(char)
            canvas = Image.new("L", (GLYPH, GLYPH))
            ImageDraw.Draw(canvas).text(((GLYPH - x0 - x1) / 2, (GLYPH - y0 - y1) / 2), char, fill=255, font=font)
            bank[i, j] = np.asarray(canvas, np.float32) / 255
    return torch.from_numpy(bank)


class Scenes:
    """Draws batches; all randomness comes from one generator."""

    def __init__(self, seed):
        self.bank = glyph_bank()
        self.rng = torch.Generator().manual_seed(seed)
        axis = torch.arange(SIZE, dtype=torch.float32) - (SIZE - 1) / 2
        self.y, self.x = torch.meshgrid(axis, axis, indexing="ij")

    def uniform(self, n, low, high, *shape):
        return low + (high - low) * torch.rand((n, *shape), generator=self.rng)

    def chance(self, n, p):
        return (torch.rand(n, generator=self.rng) < p).float()

    def place(self, labels, cap, angle, dx, dy):
        """Glyph masks (n,1,SIZE,SIZE): letter height cap and offsets in pixels, angle in radians, a little shear and stretch."""
        n = len(labels)
        font = torch.randint(self.bank.shape[1], (n,), generator=self.rng)
        glyph = self.bank[labels, font][:, None]
        shear = self.uniform(n, -0.25, 0.25)
        stretch = torch.exp(self.uniform(n, -0.22, 0.22))
        zoom = SIZE / GLYPH * CAP / cap
        cos, sin = torch.cos(angle), torch.sin(angle)
        tx, ty = dx * 2 / SIZE, dy * 2 / SIZE
        a, b = zoom * (cos + shear * sin) / stretch, zoom * (sin - shear * cos) / stretch
        c, d = -zoom * sin, zoom * cos
        theta = torch.stack([a, b, -(a * tx + b * ty), c, d, -(c * tx + d * ty)], 1).view(n, 2, 3)
        grid = F.affine_grid(theta, (n, 1, SIZE, SIZE), align_corners=False)
        return F.grid_sample(glyph, grid, align_corners=False)

    def bars(self, n, half_length, half_width, reach):
        """Masks of soft-edged turned rectangles, centres within reach of the middle."""
        angle = self.uniform(n, 0, math.pi, 1, 1)
        x = self.x - self.uniform(n, -reach, reach, 1, 1)
        y = self.y - self.uniform(n, -reach, reach, 1, 1)
        u = torch.cos(angle) * x + torch.sin(angle) * y
        v = torch.cos(angle) * y - torch.sin(angle) * x
        return (torch.clamp(half_length - u.abs() + 0.5, 0, 1) * torch.clamp(half_width - v.abs() + 0.5, 0, 1))[:, None]

    def blur(self, pictures, sigma):
        """Gaussian of its own sigma for each picture, separable, radius 3."""
        n = len(pictures)
        taps = torch.exp(-0.5 * (torch.arange(-3.0, 4.0) / sigma[:, None]) ** 2)
        taps = (taps / taps.sum(1, keepdim=True)).repeat_interleave(3, 0)
        flat = F.pad(pictures.reshape(1, n * 3, SIZE, SIZE), (3, 3, 3, 3), mode="replicate")
        flat = F.conv2d(flat, taps[:, None, None, :], groups=n * 3)
        return F.conv2d(flat, taps[:, None, :, None], groups=n * 3).view(n, 3, SIZE, SIZE)

    def draw(self, labels, level=1.0):
        """uint8 pictures (n,3,SIZE,SIZE) of the given classes; level below 1 is easier: less pose, clutter, blur and noise."""
        n = len(labels)
        paper = self.uniform(n, 0, 1, 3, 1, 1)
        # Ink differs from the paper by a random contrast, towards the side with room.
        contrast = self.uniform(n, 0.8 - 0.5 * level, 0.8, 1, 1, 1)
        grey = paper.mean(1, keepdim=True)
        ink = paper + torch.where(grey > 0.5, -contrast, contrast) + self.uniform(n, -0.2, 0.2, 3, 1, 1)
        scene = paper + F.interpolate(
            self.uniform(n, -1, 1, 3, 4, 4) * self.uniform(n, 0, 0.22 * level, 1, 1, 1), SIZE, mode="bicubic", align_corners=True)
        for p in (0.6 * level, 0.4 * level):
            mask = self.bars(n, self.uniform(n, 3, 22, 1, 1), self.uniform(n, 0.4, 6, 1, 1), 16)
            mask = mask * self.chance(n, p)[:, None, None, None] * self.uniform(n, 0.3, 1, 1, 1, 1)
            scene = scene + mask * (self.uniform(n, 0, 1, 3, 1, 1) - scene)
        cap = self.uniform(n, 22 - 8 * level, 25)
        angle = 0.2 * level * torch.randn(n, generator=self.rng).clamp(-2.2, 2.2)
        dx, dy = self.uniform(n, -3.5 * level, 3.5 * level), self.uniform(n, -3.5 * level, 3.5 * level)
        # Neighbours to the left and right, as in a word; half of them in the same ink.
        for side in (-1, 1):
            other = torch.randint(len(CLASSES), (n,), generator=self.rng)
            gap = cap * self.uniform(n, 0.85, 1.2)
            mask = self.place(other, cap, angle, dx + side * gap * torch.cos(angle), dy + side * gap * torch.sin(angle))
            same = self.chance(n, 0.5)[:, None, None, None]
            colour = same * ink + (1 - same) * self.uniform(n, 0, 1, 3, 1, 1)
            scene = scene + mask * self.chance(n, 0.4 * level)[:, None, None, None] * (colour - scene)
        scene = scene + self.place(labels, cap, angle, dx, dy) * (ink - scene)
        # A scratch, sometimes across the character.
        mask = self.bars(n, self.uniform(n, 6, 20, 1, 1), self.uniform(n, 0.2, 0.8, 1, 1), 10)
        scene = scene + mask * self.chance(n, 0.3 * level)[:, None, None, None] * (self.uniform(n, 0, 1, 3, 1, 1) - scene)
        light = 1 + self.uniform(n, -0.018, 0.018, 1, 1, 1) * self.x + self.uniform(n, -0.018, 0.018, 1, 1, 1) * self.y
        scene = self.blur((scene * light).clamp(0, 1), self.uniform(n, 0.3, 0.3 + 0.9 * level))
        scene = scene + torch.randn(scene.shape, generator=self.rng) * self.uniform(n, 0, 0.045 * level, 1, 1, 1)
        pixels = (scene.clamp(0, 1) * 255 / STEP).round() * STEP
        return pixels.clamp(0, 255).to(torch.uint8)

    def batch(self, n, level=1.0):
        labels = torch.randint(len(CLASSES), (n,), generator=self.rng)
        return self.draw(labels, level), labels

    def balanced(self, n):
        """n pictures with every class equally often (give or take one), in random order."""
        labels = torch.arange(n) % len(CLASSES)
        labels = labels[torch.randperm(n, generator=self.rng)]
        return self.draw(labels), labels
