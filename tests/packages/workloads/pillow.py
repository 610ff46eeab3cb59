"""pillow.py: draws, resizes, converts, filters, writes PNG and reads it again."""

from __future__ import annotations

import hashlib
import io

from PIL import Image, ImageDraw, ImageFilter, UnidentifiedImageError


def work(i: int) -> object:
    image = Image.new("RGB", (48, 32), (i * 20 % 256, 40, 90))
    ImageDraw.Draw(image).ellipse((4, 4, 30, 20 + i % 8), fill=(250, 10, i), outline=(0, 0, 0))
    small = image.resize((24, 16), Image.Resampling.BICUBIC).filter(ImageFilter.BLUR).convert("L")
    file = io.BytesIO()
    image.save(file, "PNG")
    file.seek(0)
    again = Image.open(file)
    try:
        Image.open(io.BytesIO(b"not an image"))
    except UnidentifiedImageError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return (
        hashlib.sha256(small.tobytes()).hexdigest(),
        again.tobytes() == image.tobytes(),
        image.getbbox(),
        small.histogram()[:8],
        said,
    )
