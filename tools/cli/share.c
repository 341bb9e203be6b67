/* SPDX-License-Identifier: Apache-2.0
 * What commands share: opening models and data. */
#include "share.h"

#include "dataset.h"
#include "outputs.h"
#include "pixelfit.h"
#include "util/json.h"

#include <stdio.h>
#include <string.h>

static void say_one(struct mnq_cli *cli, const struct mnq_subject *s)
{
    if (s->kind != MNQ_SUBJECT_FLOAT) return;
    if (s->preprocess_from == MNQ_FROM_DATA)
        mnq_term_note(&cli->term, 0, "%s: preprocessing is not stated; taken is %s", s->file, s->preprocess_why);
    else if (s->preprocess_from == MNQ_FROM_SIBLING)
        mnq_term_note(&cli->term, 0, "%s: preprocessing %s as in the .mnq made from it", s->file, s->preprocess.name);
    else mnq_term_note(&cli->term, 1, "%s: preprocessing %s", s->file, s->preprocess.name);
    bool own = s->raw.preprocess != NULL && !s->raw.preprocess_usual && strcmp(s->raw.preprocess, "none") == 0;
    if (own && s->preprocess_from == MNQ_FROM_OPTION && strcmp(s->preprocess.name, "none") != 0)
        mnq_term_note(&cli->term, 0, "%s: the model scales pixels itself, what --preprocess %s does comes on top of it",
                      s->file, s->preprocess.name);
    if (s->raw.resize_other != NULL && s->preprocess.filter == s->raw.resize_filter)
        mnq_term_note(&cli->term, 0,
                      "%s: a layer at the front resizes by '%.30s', here pictures are resized by %s (--filter)", s->file,
                      s->raw.resize_other, mnq_filter_words[s->preprocess.filter]);
}

int mnq_cli_settle(struct mnq_cli *cli, struct mnq_subject *s, const struct mnq_dataset *d)
{
    struct mnq_pixelfit f;
    if (mnq_cli_spare(cli, d) != 0) return -1;
    if (s->kind != MNQ_SUBJECT_FLOAT || s->illegal.code != 0) return 0;
    int rc = mnq_pixelfit_settle(s, d, cli->global.threads, &f, &cli->err);
    if (rc == 0 && mnq_pixelfit_contradicts(&f))
        mnq_term_note(&cli->term, 0, "%s: preprocessing is %s, but the data fits another better: %s", s->file,
                      s->preprocess.name, f.text);
    return rc < 0 ? -1 : 0;
}

int mnq_cli_settle_all(struct mnq_cli *cli, struct mnq_subject *s, int n, const struct mnq_data *data)
{
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++) {
        struct mnq_shape in = s[i].input;
        const bool open = s[i].kind == MNQ_SUBJECT_FLOAT && s[i].illegal.code == 0;
        if (!open && (i > 0 || cli->n_outputs == 0)) continue;
        struct mnq_dataset *d = mnq_dataset_open_as(data, &s[i].task, in.h, in.w, in.c, &cli->err);
        rc = d == NULL ? -1 : mnq_cli_settle(cli, &s[i], d);
        mnq_dataset_close(d);
    }
    return rc;
}

/* What is no usual vector of classes is said aloud. */
static void say_task(struct mnq_cli *cli, const struct mnq_subject *s)
{
    char text[100];
    if (s->illegal.code != 0) return;
    for (int k = 0; s->n_outputs > 1 && k < s->n_outputs; k++) {
        mnq_task_text(&s->tasks[k], text, sizeof text);
        mnq_term_note(&cli->term, 0, "%s: output %d '%s': %s, %s%s", s->file, k + 1, s->output_name[k], text,
                      mnq_task_from_text(s->tasks[k].from),
                      s->tasks[k].from == MNQ_TASK_FROM_ASSUMED ? "; --task sets it" : "");
    }
    if (s->n_outputs > 1) return;
    bool usual = s->task.kind == MNQ_TASK_CLASSES && !mnq_task_is_map(&s->task);
    mnq_task_text(&s->task, text, sizeof text);
    mnq_term_note(&cli->term, usual ? 1 : 0, "%s: output %s, %s%s", s->file, text, mnq_task_from_text(s->task.from),
                  s->task.from == MNQ_TASK_FROM_ASSUMED && !usual ? "; --task sets it" : "");
}

void mnq_cli_say(struct mnq_cli *cli, const struct mnq_subject *s, int n)
{
    for (int i = 0; i < n; i++) {
        say_one(cli, &s[i]);
        say_task(cli, &s[i]);
    }
}

const char *const mnq_on_error_words[] = {"stop", "skip", NULL};

struct mnq_data mnq_cli_data(const struct mnq_cli *cli, const struct mnq_opt_list *paths, const struct mnq_data_opts *o)
{
    return (struct mnq_data){.path = (char *const *)paths->item,
                             .n = paths->n,
                             .path_column = o->path_column,
                             .label_column = o->label_column,
                             .labels = o->labels,
                             .class_names = o->class_names,
                             .exif = o->exif,
                             .skip = o->on_error == 1,
                             .threads = cli->global.threads};
}

void mnq_cli_say_left_out(struct mnq_cli *cli, const struct mnq_dataset *d)
{
    char text[400];
    if (!mnq_dataset_left_out(d, text, sizeof text)) return;
    mnq_term_note(&cli->term, 0, "data: %s", text);
    for (int i = 0; i < mnq_dataset_damaged(d); i++)
        mnq_term_note(&cli->term, 0, "skipped: %s", mnq_dataset_damaged_as(d, i));
}

int mnq_cli_open_all(struct mnq_cli *cli, const struct mnq_model_opts *o, const char *const *path, int n,
                     struct mnq_subject *s)
{
    struct mnq_subject_opts so = {.preprocess = o->preprocess,
                                  .resize = (enum mnq_resize)o->resize,
                                  .filter = (enum mnq_filter)o->filter,
                                  .task = o->task,
                                  .threshold = o->threshold,
                                  .pictures = o->pictures,
                                  .import = {.arch = o->arch, .resolution = o->resolution}};
    for (int i = 0; i < n; i++)
        if (mnq_subject_open(path[i], &so, &s[i], &cli->arena, &cli->err) != 0) return -1;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            if (mnq_subject_adopt(&s[i], &s[k])) break;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            if (mnq_subject_adopt_tasks(&s[i], &s[k])) break;
    return 0;
}

int mnq_cli_open(struct mnq_cli *cli, const struct mnq_model_opts *o, const char *path, struct mnq_subject *s)
{
    return mnq_cli_open_all(cli, o, &path, 1, s);
}

int mnq_cli_print_json(struct mnq_json *j, struct mnq_err *e)
{
    int rc = j->failed ? mnq_fail_nomem(e) : 0;
    if (rc == 0) {
        fwrite(j->text, 1, j->n, stdout);
        fputc('\n', stdout);
    }
    mnq_json_free(j);
    return rc;
}
