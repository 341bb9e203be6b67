/* SPDX-License-Identifier: Apache-2.0
 * Processes that talk by MPI: the only file that knows it. */
#ifndef MNQ_MPI_ENGINE_H
#define MNQ_MPI_ENGINE_H

#include "util/spread.h"

struct mnq_mpi_opts {
    double stall;        /* seconds without a sign of life of a process, after which all end */
    const char *version; /* must be the same in every process */
};

/** What was said so far. */
struct mnq_mpi_traffic {
    int processes, hosts;
    int64_t exchanges; /* collective operations */
    int64_t bytes;     /* this process brought into them */
    double waited;     /* seconds in them, for other processes too */
};

/** Starts MPI; argc, argv as of main(). The engine lives until mnq_mpi_end(); NULL with e. */
const struct mnq_spread_engine *mnq_mpi_start(int *argc, char ***argv, struct mnq_err *e);

/** All processes: settles what they must have in common. 0, or -1 with e in all of them. */
int mnq_mpi_open(const struct mnq_mpi_opts *o, struct mnq_err *e);

/** Processes on this host, this one included. */
int mnq_mpi_neighbours(void);

void mnq_mpi_traffic(struct mnq_mpi_traffic *t);

/** Ends MPI, together with the other processes. */
void mnq_mpi_end(void);

#endif
