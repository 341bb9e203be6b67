/* SPDX-License-Identifier: Apache-2.0
 * Keras' containers for a kerasgen network: HDF5 in its two layouts, and zip archives. */
#include "kerasgen_net.h"

#include <hdf5.h>
#include <zip.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void need(bool ok)
{
    if (!ok) abort();
}

/* ---- HDF5 pieces ---- */

static hid_t text_type(size_t size, bool utf8)
{
    hid_t t = H5Tcopy(H5T_C_S1);
    need(H5Tset_size(t, size) >= 0);
    if (utf8) H5Tset_cset(t, H5T_CSET_UTF8);
    return t;
}

static void text_attr(hid_t object, const char *name, const char *text, enum kg_strings form)
{
    hid_t type = text_type(form == KG_FIXED ? strlen(text) + 1 : H5T_VARIABLE, true), space = H5Screate(H5S_SCALAR);
    /* more than an object header holds goes into dense storage, which Keras files with long configurations need as well */
    hid_t attr = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    need(attr >= 0);
    need(H5Awrite(attr, type, form == KG_FIXED ? (const void *)text : (const void *)&text) >= 0);
    H5Aclose(attr);
    H5Sclose(space);
    H5Tclose(type);
}

/* A list of names: variable length, fixed length, or an empty array of float64 as Keras writes it. */
static void list_attr(hid_t object, const char *name, char **item, int n, enum kg_strings form)
{
    hsize_t dim = (hsize_t)n;
    hid_t space = H5Screate_simple(1, &dim, NULL), type, attr;
    if (n == 0) {
        attr = H5Acreate2(object, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT);
        need(attr >= 0);
        H5Aclose(attr);
        H5Sclose(space);
        return;
    }
    size_t most = 1;
    for (int i = 0; i < n; i++) most = strlen(item[i]) > most ? strlen(item[i]) : most;
    type = text_type(form == KG_VARIABLE ? H5T_VARIABLE : most, false);
    if (form != KG_VARIABLE) H5Tset_strpad(type, H5T_STR_NULLPAD);
    attr = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    need(attr >= 0);
    if (form == KG_VARIABLE) {
        need(H5Awrite(attr, type, item) >= 0);
    } else {
        char *flat = calloc((size_t)n, most);
        need(flat != NULL);
        for (int i = 0; i < n; i++) memcpy(flat + (size_t)i * most, item[i], strlen(item[i]));
        need(H5Awrite(attr, type, flat) >= 0);
        free(flat);
    }
    H5Aclose(attr);
    H5Tclose(type);
    H5Sclose(space);
}

/* Split into name0, name1, ... as Keras does beyond 64 kB; here always in three. */
static void names_attr(hid_t object, const char *name, char **item, int n, enum kg_strings form)
{
    if (form != KG_SPLIT || n < 3) {
        list_attr(object, name, item, n, form);
        return;
    }
    for (int k = 0; k < 3; k++) {
        char part[40];
        int from = n * k / 3, to = n * (k + 1) / 3;
        snprintf(part, sizeof part, "%s%d", name, k);
        list_attr(object, part, item + from, to - from, KG_FIXED);
    }
}

static hid_t half_type(void)
{
    hid_t t = H5Tcopy(H5T_IEEE_F32LE);
    H5Tset_fields(t, 15, 10, 5, 0, 10);
    H5Tset_size(t, 2);
    H5Tset_ebias(t, 15);
    return t;
}

static void dataset(hid_t file, const char *path, const struct kg_var *v, enum kg_storage storage)
{
    hsize_t dim[4];
    for (int i = 0; i < v->rank; i++) dim[i] = (hsize_t)v->dim[i];
    hid_t space = H5Screate_simple(v->rank, dim, NULL), links = H5Pcreate(H5P_LINK_CREATE),
          create = H5Pcreate(H5P_DATASET_CREATE);
    hid_t type = storage == KG_F64    ? H5Tcopy(H5T_IEEE_F64LE)
                 : storage == KG_F16  ? half_type()
                 : storage == KG_BF16 ? H5Tcopy(H5T_STD_U16LE)
                                      : H5Tcopy(H5T_IEEE_F32LE);
    H5Pset_create_intermediate_group(links, 1);
    if (storage == KG_PACKED) {
        H5Pset_chunk(create, v->rank, dim);
        H5Pset_shuffle(create);
        H5Pset_deflate(create, 1);
    }
    hid_t set = H5Dcreate2(file, path, type, space, links, create, H5P_DEFAULT);
    need(set >= 0);
    if (storage == KG_BF16) {
        size_t n = kg_var_size(v);
        uint16_t *half = malloc(n * sizeof *half);
        need(half != NULL);
        for (size_t i = 0; i < n; i++) {
            uint32_t bits;
            memcpy(&bits, &v->v[i], sizeof bits);
            half[i] = (uint16_t)(bits >> 16);
        }
        need(H5Dwrite(set, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, half) >= 0);
        free(half);
        text_attr(set, "dtype", "bfloat16", KG_VARIABLE);
    } else {
        need(H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, v->v) >= 0);
    }
    H5Dclose(set);
    H5Tclose(type);
    H5Pclose(create);
    H5Pclose(links);
    H5Sclose(space);
}

static hid_t group(hid_t file, const char *path)
{
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    hid_t g = H5Lexists(file, path, H5P_DEFAULT) > 0 ? H5Gopen2(file, path, H5P_DEFAULT)
                                                     : H5Gcreate2(file, path, links, H5P_DEFAULT, H5P_DEFAULT);
    need(g >= 0);
    H5Pclose(links);
    return g;
}

/* ---- Keras 2's layout ---- */

/* A scalar or a few numbers of what wrappers keep. */
static void extra(hid_t file, const char *path, int rank, const hsize_t *dim, hid_t type, const void *v)
{
    hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, dim, NULL), links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    hid_t set = H5Dcreate2(file, path, type, space, links, H5P_DEFAULT, H5P_DEFAULT);
    need(set >= 0 && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) >= 0);
    H5Dclose(set);
    H5Pclose(links);
    H5Sclose(space);
}

enum { MAX_NAMES = 800, LENGTH = 220 };

struct names {
    char text[MAX_NAMES][LENGTH], *item[MAX_NAMES];
    int n;
};

static const char *add_name(struct names *x, const char *fmt, const char *a, const char *b, const char *c)
{
    need(x->n < MAX_NAMES);
    snprintf(x->text[x->n], LENGTH, fmt, a, b, c);
    x->item[x->n] = x->text[x->n];
    return x->item[x->n++];
}

/* A wrapped layer's variables: the layer's own as training left them, and what makes of them the values it computes with. */
static void add_wrapped(const struct kg_net *n, hid_t file, const char *group_path, const struct kg_layer *l,
                        struct names *w)
{
    char outer[120], path[500];
    bool pruned = n->o.wrap == KG_PRUNED, clustered = n->o.wrap == KG_CLUSTERED;
    bool kernel = l->kind == KG_CONV || l->kind == KG_DENSE;
    int64_t step = 2000;
    kg_outer_name(n, l->name, outer, sizeof outer);
    float most = 0;
    for (size_t i = 0; kernel && i < kg_var_size(&l->var[0]); i++)
        most = l->var[0].v[i] > most ? l->var[0].v[i] : -l->var[0].v[i] > most ? -l->var[0].v[i] : most;
    for (int k = 0; k < l->n_var; k++) {
        struct kg_var v = l->var[k];
        size_t size = kg_var_size(&v);
        v.v = malloc(size * sizeof *v.v);
        need(v.v != NULL);
        for (size_t i = 0; i < size; i++) {
            v.v[i] = l->var[k].v[i];
            if (kernel && k == 0 && pruned && v.v[i] == 0) v.v[i] = 0.25f;                  /* the mask says it is none */
            if (kernel && k == 0 && clustered) v.v[i] += (i % 3 == 0 ? 1 : -1) * most / 64; /* nearest stays nearest */
        }
        snprintf(path, sizeof path, "%s/%s", group_path, add_name(w, "%s/%s:0", pruned ? outer : l->name, v.name, ""));
        dataset(file, path, &v, n->o.storage);
        free(v.v);
    }
    if (kernel) {
        const struct kg_var *v = &l->var[0];
        size_t size = kg_var_size(v);
        hsize_t dim[4], seventeen = 17;
        float *mask = malloc(size * sizeof *mask), centroid[17];
        int64_t *index = malloc(size * sizeof *index);
        need(mask != NULL && index != NULL);
        for (int i = 0; i < v->rank; i++) dim[i] = (hsize_t)v->dim[i];
        for (int i = 0; i < 17; i++) centroid[i] = (float)(i - 8) / 8 * most;
        for (size_t i = 0; i < size; i++) {
            mask[i] = v->v[i] != 0;
            index[i] = (int64_t)(v->v[i] / most * 8 + 8.5f);
        }
        if (pruned) {
            snprintf(path, sizeof path, "%s/%s", group_path, add_name(w, "%s/%s", outer, "mask:0", ""));
            extra(file, path, v->rank, dim, H5T_NATIVE_FLOAT, mask);
            snprintf(path, sizeof path, "%s/%s", group_path, add_name(w, "%s/%s", outer, "threshold:0", ""));
            extra(file, path, 0, NULL, H5T_NATIVE_FLOAT, mask);
        } else if (clustered) {
            snprintf(path, sizeof path, "%s/%s", group_path, add_name(w, "%s/%s", outer, "cluster_centroids_kernel:0", ""));
            extra(file, path, 1, &seventeen, H5T_NATIVE_FLOAT, centroid);
            snprintf(path, sizeof path, "%s/%s", group_path, add_name(w, "%s/%s", outer, "pulling_indices_kernel:0", ""));
            extra(file, path, v->rank, dim, H5T_NATIVE_INT64, index);
        } else {
            snprintf(path, sizeof path, "%s/%s", group_path, add_name(w, "%s/%s", outer, "kernel_min:0", ""));
            extra(file, path, 1, &dim[v->rank - 1], H5T_NATIVE_FLOAT, mask);
        }
        free(mask);
        free(index);
    }
    snprintf(path, sizeof path, "%s/%s", group_path,
             add_name(w, "%s/%s", outer, pruned ? "pruning_step:0" : "optimizer_step:0", ""));
    extra(file, path, 0, NULL, H5T_NATIVE_INT64, &step);
}

/* Weights of layers from .. to - 1 with `trainable` (both: -1) into the group, their names into w. */
static void add_weights(const struct kg_net *n, hid_t file, const char *group_path, int from, int to, int trainable,
                        struct names *w)
{
    bool k3 = n->o.generation == KG_GEN_K3;
    for (int i = from; i < to; i++)
        for (int k = 0; k < n->layer[i].n_var; k++) {
            const struct kg_var *v = &n->layer[i].var[k];
            char scope[100] = "", path[500];
            if (trainable >= 0 && v->trainable != (trainable == 1)) continue;
            if (n->o.scoped) snprintf(scope, sizeof scope, "/%.80s_1", n->layer[i].name);
            const char *name = add_name(w, k3 ? "%s%s/%s" : "%s%s/%s:0", n->layer[i].name, scope, v->name);
            snprintf(path, sizeof path, "%s/%s", group_path, name);
            dataset(file, path, v, n->o.storage);
        }
}

static void write_group(const struct kg_net *n, hid_t file, const char *root, const char *name, int from, int to, bool split)
{
    struct names *w = calloc(1, sizeof *w);
    char path[300];
    need(w != NULL);
    char outer[120];
    snprintf(path, sizeof path, "%s/%s", root, kg_outer_name(n, name, outer, sizeof outer));
    hid_t g = group(file, path);
    if (n->o.wrap != KG_PLAIN && n->layer[from].kind != KG_INPUT) {
        add_wrapped(n, file, path, &n->layer[from], w);
    } else if (split) {
        add_weights(n, file, path, from, to, 1, w);
        add_weights(n, file, path, from, to, 0, w);
    } else {
        add_weights(n, file, path, from, to, -1, w);
    }
    names_attr(g, "weight_names", w->item, w->n, n->o.strings);
    H5Gclose(g);
    free(w);
}

static void write_keras2(const struct kg_net *n, hid_t file)
{
    bool full = n->o.container == KG_FULL || n->o.container == KG_NESTED, k3 = n->o.generation == KG_GEN_K3;
    const char *root = full ? "/model_weights" : "";
    const char *version = k3                               ? "3.4.1"
                          : n->o.generation == KG_GEN_TF   ? "2.9.0"
                          : n->o.generation == KG_GEN_APPS ? "2.2.4"
                                                           : "2.0.6";
    struct names *layers = calloc(1, sizeof *layers);
    need(layers != NULL);
    if (full) {
        char *config = kg_config(n);
        text_attr(file, "model_config", config, KG_VARIABLE); /* 64 kB and more fit nowhere else */
        free(config);
        text_attr(file, "keras_version", version, n->o.strings == KG_SPLIT ? KG_FIXED : n->o.strings);
        text_attr(file, "backend", "tensorflow", KG_VARIABLE);
        H5Gclose(group(file, "/model_weights"));
    }
    int first = 0;
    if (kg_nested(n)) {
        write_group(n, file, root, "backbone", 0, n->backbone, true);
        add_name(layers, "%s%s%s", "backbone", "", "");
        first = n->backbone;
    }
    for (int i = first; i < n->n; i++) {
        const struct kg_layer *l = &n->layer[i];
        if (l->name[0] == '\0') continue;
        char outer[120];
        write_group(n, file, root, l->name, i, i + 1, false);
        add_name(layers, "%s%s%s", kg_outer_name(n, l->name, outer, sizeof outer), "", "");
    }
    hid_t g = full ? H5Gopen2(file, "/model_weights", H5P_DEFAULT) : H5Gopen2(file, "/", H5P_DEFAULT);
    names_attr(g, "layer_names", layers->item, layers->n, n->o.strings);
    H5Gclose(g);
    free(layers);
}

/* ---- Keras 3's layout ---- */

static const char *auto_class(enum kg_kind kind)
{
    if (kind == KG_NORM) return "normalization";
    return kind == KG_CONV ? "conv2d" : kind == KG_DW ? "depthwise_conv2d" : kind == KG_BN ? "batch_normalization" : "dense";
}

static void write_keras3(const struct kg_net *n, hid_t file)
{
    int count[KG_NORM + 1] = {0};
    bool nested = kg_nested(n);
    for (int i = 0; i < n->n; i++) {
        const struct kg_layer *l = &n->layer[i];
        char base[160], path[220], auto_name[40];
        if (i == n->backbone && nested) memset(count, 0, sizeof count);
        if (l->n_var == 0) continue;
        int k = count[l->kind]++;
        if (k == 0) snprintf(auto_name, sizeof auto_name, "%s", auto_class(l->kind));
        else snprintf(auto_name, sizeof auto_name, "%s_%d", auto_class(l->kind), k);
        snprintf(base, sizeof base, "%s%s/%s/vars",
                 n->o.container == KG_WEIGHTS_K213 ? "/_layer_checkpoint_dependencies" : "/layers",
                 nested && i < n->backbone ? "/functional/layers" : "", auto_name);
        hid_t g = group(file, base);
        if (n->o.strings == KG_VARIABLE) text_attr(g, "name", l->name, KG_VARIABLE);
        H5Gclose(g);
        for (int v = 0; v < l->n_var; v++) {
            snprintf(path, sizeof path, "%s/%d", base, v);
            dataset(file, path, &l->var[v], n->o.storage);
        }
    }
    H5Gclose(group(file, "/optimizer/vars"));
    H5Gclose(group(file, "/vars"));
}

/* ---- files ---- */

/* By way of a real file: images of open files carry stale checksums in the newer formats. */
static uint8_t *make_h5(const struct kg_net *n, bool keras3, size_t *size)
{
    char path[60];
    snprintf(path, sizeof path, "kerasgen-%ld.h5", (long)getpid());
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* asking for links that are not there is no error here */
    hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
    if (n->o.storage == KG_PACKED) H5Pset_libver_bounds(fapl, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST); /* superblock 3 */
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, fapl);
    need(file >= 0);
    if (keras3) write_keras3(n, file);
    else write_keras2(n, file);
    need(H5Fclose(file) >= 0);
    H5Pclose(fapl);
    FILE *f = fopen(path, "rb");
    need(f != NULL && fseek(f, 0, SEEK_END) == 0);
    *size = (size_t)ftell(f);
    rewind(f);
    uint8_t *bytes = malloc(*size);
    need(bytes != NULL && fread(bytes, 1, *size, f) == *size);
    fclose(f);
    unlink(path);
    return bytes;
}

static void add_member(zip_t *z, const char *name, const void *bytes, size_t n, bool packed)
{
    zip_source_t *s = zip_source_buffer(z, bytes, n, 0);
    need(s != NULL);
    zip_int64_t i = zip_file_add(z, name, s, ZIP_FL_ENC_UTF_8);
    need(i >= 0);
    need(zip_set_file_compression(z, (zip_uint64_t)i, packed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 1) == 0);
}

static uint8_t *make_zip(const struct kg_net *n, size_t *size)
{
    static const char metadata[] = "{\"keras_version\": \"3.4.1\", \"date_saved\": \"2024-09-01@10:00:00\"}";
    size_t weights_size;
    uint8_t *weights = make_h5(n, true, &weights_size);
    char *config = kg_config(n);
    zip_error_t e;
    zip_source_t *out = zip_source_buffer_create(NULL, 0, 0, &e);
    need(out != NULL);
    zip_source_keep(out);
    zip_t *z = zip_open_from_source(out, ZIP_TRUNCATE, &e);
    need(z != NULL);
    bool packed = n->o.container == KG_ARCHIVE_PACKED;
    add_member(z, "metadata.json", metadata, sizeof metadata - 1, packed);
    add_member(z, "config.json", config, strlen(config), packed);
    add_member(z, "model.weights.h5", weights, weights_size, packed);
    need(zip_close(z) == 0);
    zip_stat_t st;
    need(zip_source_stat(out, &st) == 0 && zip_source_open(out) == 0);
    uint8_t *bytes = malloc(st.size);
    need(bytes != NULL && zip_source_read(out, bytes, st.size) == (zip_int64_t)st.size);
    zip_source_close(out);
    zip_source_free(out);
    free(config);
    free(weights);
    *size = st.size;
    return bytes;
}

uint8_t *kg_file(const struct kg_net *n, size_t *size)
{
    switch (n->o.container) {
    case KG_ARCHIVE:
    case KG_ARCHIVE_PACKED:
    case KG_ARCHIVE_NESTED:
        return make_zip(n, size);
    case KG_WEIGHTS_K3:
    case KG_WEIGHTS_K213:
        return make_h5(n, true, size);
    default:
        return make_h5(n, false, size);
    }
}
