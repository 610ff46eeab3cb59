"""setup.py: the extension of myext; the rest is in pyproject.toml."""

from setuptools import Extension, setup

setup(
    package_dir={"": "src"},
    packages=["myext"],
    hpy_abi="universal",  # one wheel for every Python
    hpy_ext_modules=[Extension("myext._core", ["src/_core.c"])],
)
