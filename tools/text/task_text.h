/* SPDX-License-Identifier: Apache-2.0
 * What an output means, and the figures of tasks, as text and JSON. */
#ifndef MNQ_TASK_TEXT_H
#define MNQ_TASK_TEXT_H

#include "figures.h"
#include "measure.h"
#include "util/json.h"

#include <stdio.h>

/** The object "task" of a document. */
void mnq_task_json(struct mnq_json *w, const struct mnq_task *t);

/** "task", and of several outputs the array "tasks": of each its name and the members of "task". */
void mnq_tasks_json(struct mnq_json *w, const struct mnq_subject *s);

/** The object "figures" of a model: each with value and interval. */
void mnq_figures_json(struct mnq_json *w, const struct mnq_figure *f, int n);

/** A figure's value: "93.21", "0.0132", "31.40". */
struct mnq_fig mnq_figure_value(const struct mnq_figure *f);

/** Its interval: "[91.2, 95.0]"; "" if there is none. */
struct mnq_fig mnq_figure_interval(const struct mnq_figure *f);

/**
 * Prints what one output says, indented lines: the decision; labels with yes; numbers; of a map what its cells say, of
 * features their size and the largest ones. name   of classes, or NULL most   lines at most
 */
void mnq_task_print_output(const struct mnq_task *t, const float *v, const char *const *name, int n_names, int most);

/** The members of a sample's object in `run --json` beside its values: "answer", "labels" or "cells". */
void mnq_task_json_output(struct mnq_json *w, const struct mnq_task *t, const float *v);

#endif
