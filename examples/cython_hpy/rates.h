/* rates.h: what the HPy extension `rates` lends to other extensions, in a capsule. */
#pragma once

#include <hpy.h>

/* Incremented where a member changes; new ones are appended. */
#define RATES_API_VERSION 1

/* The version comes first: read it before anything else. */
typedef struct {
    int version;

    /* 0 and the price of `amount` in `currency`, a str; -1 with an exception set: KeyError. */
    int (*convert)(HPyContext* ctx, HPy currency, double amount, double* price);

    /* A dict from currencies to rates, one for each interpreter. */
    HPyGlobal* table;
} rates_api;
