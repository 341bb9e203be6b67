/* SPDX-License-Identifier: Apache-2.0
 * The accumulator bounds of NUMERICS.md to the last unit: a bias that reaches 2^31 - 1 exactly is accepted and runs to
 * the oracle's bytes, one more is refused, and so is a magnitude of the input that is one more.
 *
 * The ranges of the tensors are random here, so that every kind of magnitude is met: 8 bits whatever the clamps, 16
 * bits down to a single value, the fixed ones of inputs and probabilities, and paddings beyond a small one. */
#include "netcompare.h"
#include "netgen.h"
#include "netpatch.h"
#include "rng.h"

#include "mnq/mnq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 8 };

struct subject {
    struct mnq_netgen_file f;
    uint8_t *keep, *layr, *data;
    uint32_t n_layr;
    unsigned long seed;
    struct mnq_nettally tally;
    long accepted, refused, other, failures;
};

/* What the oracle says of the file's bounds: 0 they hold, 1 one does not, -1 it cannot read the file. */
static int beyond(const struct subject *s)
{
    struct mnq_oracle_net net;
    int found = mnq_oracle_open(&net, s->f.bytes, s->f.n);

    for (int k = 0; !found && k < net.n_layers; k++) found = mnq_oracle_net_bound(&net, k) > INT32_MAX;
    mnq_oracle_close(&net);
    return found;
}

/* Asks the loader about the file as it is now, and runs what it accepts. */
static void judge(struct subject *s, const char *what, int run)
{
    struct mnq_model m;
    char again[96];

    mnq_netpatch_seal(s->f.bytes, s->f.n);
    enum mnq_status st = mnq_model_load(&m, s->f.bytes, s->f.n);
    int over = beyond(s);
    if ((st && st != MNQ_E_OVERFLOW) || over < 0) {
        s->other++; /* arrays may be shared: the new bias is something else's multiplier, too */
        return;
    }
    if ((st == MNQ_E_OVERFLOW) != over) {
        printf("FAILED %s: the bound %s, the loader says \"%s\"; again: test_bounds --first %lu --nets 1\n", what,
               over ? "is broken" : "holds", mnq_status_str(st), s->seed);
        s->failures++;
    }
    s->refused += over;
    s->accepted += !over;
    snprintf(again, sizeof again, "%s; again: test_bounds --first %lu --nets 1", what, s->seed);
    if (!over && run) s->failures -= mnq_netcompare(s->f.bytes, s->f.n, NULL, 0, s->seed, again, &s->tally);
}

/* New clamps for a layer: narrow or any, within the output's type. */
static void pick_clamps(struct mnq_rng *g, uint8_t *row, int dtype)
{
    int32_t least = dtype == ORC_S16 ? -32768 : -128, far = mnq_rng_chance(g, 50) ? 300 : -least;
    int32_t lo = mnq_rng_in(g, -far < least ? least : -far, 0), hi = mnq_rng_in(g, 0, far > ~least ? ~least : far);

    mnq_netpatch_put32(row + 20, (uint32_t)lo);
    mnq_netpatch_put32(row + 24, (uint32_t)hi);
}

/* One step farther for the clamp that makes a layer's output magnitude. return 0 if the type ends there. */
static int stretch(uint8_t *row)
{
    int32_t lo = (int32_t)mnq_netpatch_get32(row + 20), hi = (int32_t)mnq_netpatch_get32(row + 24);

    if (-lo >= hi && lo > -32768) mnq_netpatch_put32(row + 20, (uint32_t)(lo - 1));
    else if (-lo < hi && hi < 32767) mnq_netpatch_put32(row + 24, (uint32_t)(hi + 1));
    else return 0;
    return 1;
}

static int writer_of(const struct mnq_oracle_net *net, int tensor)
{
    int k = net->n_layers - 1;
    while (k >= 0 && net->out[k] != tensor) k--;
    return k;
}

/* A layer with biases, one channel of it: exactly at its bound, one beyond, and an input one larger. */
static void one_try(struct subject *s, struct mnq_rng *g)
{
    struct mnq_oracle_net net;
    int k = mnq_rng_in(g, 0, (int)(s->n_layr / 64) - 1), in = mnq_rng_chance(g, 50);

    memcpy(s->f.bytes, s->keep, s->f.n);
    if (mnq_oracle_open(&net, s->f.bytes, s->f.n)) exit(1);
    int writer = writer_of(&net, in && net.in1[k] >= 0 ? net.in1[k] : net.in0[k]);
    int wide = writer >= 0 && net.tensor[net.out[writer]].dtype == ORC_S16 && net.layer[writer].op < ORC_SOFTMAX;
    if (writer >= 0 && mnq_rng_chance(g, 60)) pick_clamps(g, s->layr + 64 * writer, net.tensor[net.out[writer]].dtype);
    mnq_netpatch_seal(s->f.bytes, s->f.n);
    mnq_oracle_close(&net);

    if (mnq_oracle_open(&net, s->f.bytes, s->f.n)) exit(1);
    const struct mnq_oracle_layer *l = &net.layer[k];
    if (l->op < ORC_MUL) {
        int ch = mnq_rng_in(g, 0, l->oc - 1), negative = mnq_rng_chance(g, 50);
        int64_t b = l->bias[ch] < 0 ? -(int64_t)l->bias[ch] : l->bias[ch], room = INT32_MAX - (mnq_oracle_bound(l, ch) - b);
        uint8_t *bias = s->data + mnq_netpatch_get32(s->layr + 64 * k + 36) + 4 * ch;
        if (room >= 0) {
            mnq_netpatch_put32(bias, (uint32_t)(negative ? -room : room));
            judge(s, "a bias at the bound", 1);
            if (wide && stretch(s->layr + 64 * writer)) judge(s, "an input beyond the bound", 0);
            mnq_netpatch_put32(bias, (uint32_t)(negative ? -room - 1 : room + 1));
        }
        judge(s, "a bias beyond the bound", 0);
    }
    mnq_oracle_close(&net);
}

int main(int argc, char **argv)
{
    unsigned long first = 0, nets = 150;
    struct subject s = {0};

    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--first")) first = strtoul(argv[i + 1], NULL, 10);
        else if (!strcmp(argv[i], "--nets")) nets = strtoul(argv[i + 1], NULL, 10);
        else return 2;
    }
    for (s.seed = first; s.seed < first + nets && s.failures < 5; s.seed++) {
        struct mnq_rng g = mnq_rng_seed(0x626f756e64, s.seed);
        uint32_t n;
        s.f = mnq_netgen(s.seed);
        s.keep = malloc(s.f.n);
        if (!s.keep) return 1;
        memcpy(s.keep, s.f.bytes, s.f.n);
        s.layr = mnq_netpatch_section(s.f.bytes, "LAYR", &s.n_layr);
        s.data = mnq_netpatch_section(s.f.bytes, "DATA", &n);
        for (int i = 0; i < TRIES; i++) one_try(&s, &g);
        free(s.keep);
        free(s.f.base);
    }
    printf("%ld files at their bounds accepted, %ld beyond refused, %ld spoilt otherwise\n", s.accepted, s.refused, s.other);
    mnq_nettally_print(&s.tally);
    printf("%ld failures\n", s.failures);
    return s.failures || (nets >= 100 && (s.accepted < 300 || s.refused < 300 || s.other > s.accepted));
}
