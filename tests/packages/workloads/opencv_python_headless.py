"""opencv_python_headless.py: draws, filters, finds contours, encodes PNG, a call that is wrong."""

from __future__ import annotations

import cv2
import numpy as np

cv2.setNumThreads(1)


def work(i: int) -> object:
    picture = np.zeros((60, 80), np.uint8)
    cv2.rectangle(picture, (5, 5), (20 + i, 30), 255, -1)
    cv2.circle(picture, (55, 30), 8 + i % 4, 200, -1)
    blurred = cv2.GaussianBlur(picture, (5, 5), 0)
    contours, _ = cv2.findContours(picture, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    done, data = cv2.imencode(".png", picture)
    again = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    try:
        cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    except cv2.error as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    points = cv2.KeyPoint(i, 2, 3)
    return (
        int(blurred.sum()),
        sorted(cv2.contourArea(contour) for contour in contours),
        done,
        bool((again == picture).all()),
        points.pt,
        said,
    )
