"""pandas.py: groups, joins, dates, CSV, categories."""

from __future__ import annotations

import io

import pandas as pd


def work(i: int) -> object:
    days = pd.date_range("2021-03-01", periods=24, freq="D")
    frame = pd.DataFrame({"day": days, "key": list("abcd") * 6, "n": [n * i for n in range(24)]})
    grouped = frame.groupby("key")["n"].agg(["sum", "mean"]).round(6)
    joined = frame.merge(pd.DataFrame({"key": ["a", "c"], "w": [1, 2]}), on="key")
    text = frame.to_csv(index=False)
    again = pd.read_csv(io.StringIO(text), parse_dates=["day"])
    weekly = frame.set_index("day")["n"].resample("7D").sum()
    missing = frame["n"].where(frame["n"] > 2 * i).isna().sum()
    try:
        pd.to_datetime("not a day")
    except ValueError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return (
        grouped.reset_index().values.tolist(),
        int((joined["n"] * joined["w"]).sum()),
        bool((again == frame).all().all()),
        [int(n) for n in weekly],
        int(missing),
        frame["key"].astype("category").cat.codes.tolist()[:6],
        said,
        str(frame["day"].iloc[i % 24] + pd.Timedelta(hours=i)),
    )
