/* SPDX-License-Identifier: Apache-2.0
 * What a file is that is not what was wanted. */
#include "util/filekind.h"

#include "util/file.h"

#include <zip.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* Advice that several kinds share. */
#define KERAS_MODEL "give the Keras model it was made from (.keras, or .h5 saved by model.save)"
#define DATA        "data is a folder of pictures, a .csv of paths and labels, or an .h5 with images and labels"
#define CONVERT     "convert it to JPEG or PNG"
#define UNPACK      "unpack it and give what is inside"

/* What it is, and what to do where a model or data was wanted. */
struct kind {
    const char *what, *model, *data;
};

static const struct kind
    tflite = {"a TensorFlow Lite model", KERAS_MODEL, DATA},
    onnx = {"an ONNX model", KERAS_MODEL, DATA},
    saved_model = {"a TensorFlow SavedModel folder", "load it in Keras and save it as one file: model.save('model.h5')",
                   DATA},
    saved_pb = {"a TensorFlow graph (.pb)",
                "load its SavedModel folder in Keras and save it as one file: model.save('model.h5')", DATA},
    checkpoint = {"a TensorFlow checkpoint", "load it into its Keras model and save that: model.save('model.h5')", DATA},
    torch = {"a PyTorch file",
             "build the network in Keras, copy its weights (kernels as height, width, in, out) and save "
             "that; an --arch file knows PyTorch's padding",
             DATA},
    safetensors = {"a safetensors file", "copy the weights into the Keras model and save that: model.save('model.h5')",
                   DATA},
    tfjs = {"a TensorFlow.js model",
            "convert it back: tensorflowjs_converter --input_format "
            "tfjs_layers_model --output_format keras model.json model.h5",
            DATA},
    keras_json = {"a Keras architecture without weights (model.to_json)", "save the whole model: model.save('model.h5')",
                  DATA},
    lfs = {"a Git LFS pointer, not the file itself", "fetch it: git lfs pull", "fetch it: git lfs pull"},
    html = {"an HTML page, not the file itself", "download the raw file", "download the raw file"},
    xml = {"an XML text", "if it answers a download, download the file again",
           "if it answers a download, "
           "download the file again"},
    zip_h5 = {"a zip archive with a Keras file in it", UNPACK, UNPACK},
    zip_saved = {"a zip archive with a TensorFlow SavedModel in it",
                 "unpack it, load it in Keras and save it as one file: model.save('model.h5')", DATA},
    zip_other = {"a zip archive", "a .keras archive holds config.json and model.weights.h5; " UNPACK, UNPACK},
    npz = {"a NumPy archive (.npz)", "load the arrays into the Keras model and save that: model.save('model.h5')", NULL},
    npy = {"a NumPy array (.npy)", "load the arrays into the Keras model and save that: model.save('model.h5')", NULL},
    gzip = {"a gzip archive", UNPACK, UNPACK}, tar = {"a tar archive", UNPACK, UNPACK},
    other_archive = {"a packed archive", UNPACK, UNPACK},
    pickle = {"a Python pickle", "a Keras model is saved with model.save('model.h5')", DATA},
    picture = {"a picture", "name the model first", NULL}, webp = {"a WebP picture", "name the model first", CONVERT},
    tiff = {"a TIFF picture", "name the model first", CONVERT},
    heif = {"a HEIF or AVIF picture", "name the model first", CONVERT}, mat = {"a MATLAB file", KERAS_MODEL, DATA},
    parquet = {"a Parquet file", KERAS_MODEL, DATA},
    tfrecord = {"a TFRecord file", KERAS_MODEL, "write its pictures to a folder with a sub-folder for each class"},
    mlmodel = {"a Core ML model", KERAS_MODEL, DATA}, openvino = {"an OpenVINO model", KERAS_MODEL, DATA},
    caffe = {"a Caffe model", KERAS_MODEL, DATA}, kmodel = {"a K210 model (.kmodel)", KERAS_MODEL, DATA},
    edge = {"an ELF program or library", KERAS_MODEL, DATA}, pdf = {"a PDF document", KERAS_MODEL, DATA},
    hdf5 = {"an HDF5 file", NULL, NULL}, empty = {"an empty file", "copy or download it again", NULL};

/* ---- bytes ---- */

static bool starts(const uint8_t *b, size_t n, const char *magic, size_t m)
{
    return n >= m && memcmp(b, magic, m) == 0;
}

#define STARTS(magic) starts(b, n, magic, sizeof(magic) - 1)

static bool has_suffix(const char *path, const char *end)
{
    size_t n = strlen(path), m = strlen(end);
    return n >= m && strcasecmp(path + n - m, end) == 0;
}

static const char *base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* True if the beginning holds the text, letters of either case. */
static bool mentions(const uint8_t *b, size_t n, const char *text)
{
    size_t m = strlen(text);
    if (n > MNQ_FILEKIND_HEAD) n = MNQ_FILEKIND_HEAD;
    for (size_t i = 0; i + m <= n; i++)
        if (strncasecmp((const char *)b + i, text, m) == 0) return true;
    return false;
}

/* The first bytes behind blanks and a byte order mark. */
static const uint8_t *skip_blanks(const uint8_t *b, size_t *n)
{
    if (*n >= 3 && memcmp(b, "\xef\xbb\xbf", 3) == 0) {
        b += 3;
        *n -= 3;
    }
    while (*n > 0 && isspace(*b)) {
        b++;
        (*n)--;
    }
    return b;
}

/* Protocol buffers of ONNX begin with the format's version (field 1), then the name of the tool (field 2, a text). */
static bool is_onnx(const uint8_t *b, size_t n)
{
    if (n < 6 || b[0] != 0x08 || b[1] == 0 || b[1] > 32 || b[2] != 0x12 || b[3] == 0 || b[3] > 64 || (size_t)b[3] + 4 > n)
        return false;
    for (size_t i = 0; i < b[3]; i++)
        if (!isprint(b[4 + i])) return false;
    return true;
}

/* Length of a JSON header, eight bytes, then the header. */
static bool is_safetensors(const uint8_t *b, size_t n)
{
    return n >= 10 && b[3] == 0 && b[4] == 0 && b[5] == 0 && b[6] == 0 && b[7] == 0 && b[8] == '{' && b[9] == '"';
}

/* A record's length, eight bytes; a checksum; then an Example, which begins with its features. */
static bool is_tfrecord(const uint8_t *b, size_t n, const char *path)
{
    if (strstr(base(path), ".tfrec") != NULL) return true;
    return n > 16 && b[4] == 0 && b[5] == 0 && b[6] == 0 && b[7] == 0 && b[12] == 0x0a && mentions(b, n, "image");
}

static const struct kind *by_text(const uint8_t *b, size_t n)
{
    b = skip_blanks(b, &n);
    if (STARTS("version https://git-lfs")) return &lfs;
    if (n > 0 && *b == '<') {
        if (mentions(b, n, "<!doctype html") || mentions(b, n, "<html") || mentions(b, n, "<head")) return &html;
        if (mentions(b, n, "<net ") && mentions(b, n, "<layer")) return &openvino;
        if (STARTS("<?xml") || mentions(b, n, "<error>")) return &xml;
    }
    if (n > 0 && *b == '{') {
        if (mentions(b, n, "\"modelTopology\"") || mentions(b, n, "\"graph-model\"") || mentions(b, n, "\"layers-model\"") ||
            mentions(b, n, "\"weightsManifest\""))
            return &tfjs;
        if (mentions(b, n, "\"class_name\"") && mentions(b, n, "\"config\"")) return &keras_json;
    }
    return NULL;
}

static const struct kind *by_magic(const uint8_t *b, size_t n, const char *path)
{
    if (n == 0) return &empty;
    if (STARTS("\x89HDF\r\n\x1a\n")) return &hdf5;
    if (n >= 8 && memcmp(b + 4, "TFL3", 4) == 0) return &tflite;
    if (STARTS("\x1f\x8b")) return &gzip;
    if (STARTS("7z\xbc\xaf\x27\x1c") || STARTS("Rar!") ||
        STARTS("\xfd"
               "7zXZ") ||
        STARTS("BZh") || STARTS("\x28\xb5\x2f\xfd"))
        return &other_archive;
    if (n >= 262 && memcmp(b + 257, "ustar", 5) == 0) return &tar;
    if (STARTS("\x93NUMPY")) return &npy;
    if (STARTS("\xff\xd8\xff") || STARTS("\x89PNG") || STARTS("GIF8")) return &picture;
    if (STARTS("BM") && n >= 6 && has_suffix(path, ".bmp")) return &picture;
    if (STARTS("RIFF") && n >= 12 && memcmp(b + 8, "WEBP", 4) == 0) return &webp;
    if (STARTS("II*\0") || STARTS("MM\0*")) return &tiff;
    if (n >= 12 && memcmp(b + 4, "ftyp", 4) == 0) return &heif;
    if (STARTS("MATLAB 5.0")) return &mat;
    if (STARTS("PAR1")) return &parquet;
    if (STARTS("%PDF")) return &pdf;
    if (STARTS("\x7f"
               "ELF"))
        return &edge;
    if (STARTS("KMDL") || has_suffix(path, ".kmodel")) return &kmodel;
    if (STARTS("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9")) return &torch; /* torch.save before 1.6: a pickled magic number */
    if (n >= 2 && b[0] == 0x80 && b[1] >= 2 && b[1] <= 5)
        return has_suffix(path, ".pt") || has_suffix(path, ".pth") ? &torch : &pickle;
    if (is_onnx(b, n) || has_suffix(path, ".onnx")) return &onnx;
    if (is_safetensors(b, n)) return &safetensors;
    if (has_suffix(path, ".mlmodel")) return &mlmodel;
    if (has_suffix(path, ".caffemodel") || has_suffix(path, ".prototxt")) return &caffe;
    if (has_suffix(path, ".pb") || has_suffix(path, ".pbtxt") ||
        ((b[0] == 0x08 || b[0] == 0x0a) && mentions(b, n, "saved_model")))
        return &saved_pb;
    if (strstr(base(path), ".ckpt") != NULL || strstr(base(path), ".data-0000") != NULL || STARTS("model_checkpoint_path"))
        return &checkpoint;
    if (is_tfrecord(b, n, path)) return &tfrecord;
    return by_text(b, n);
}

/* ---- zip archives ---- */

static const struct kind *by_member(const char *name)
{
    if (has_suffix(name, "data.pkl")) return &torch;
    if (has_suffix(name, "saved_model.pb")) return &zip_saved;
    if (has_suffix(name, ".h5") || has_suffix(name, ".hdf5") || has_suffix(name, ".keras")) return &zip_h5;
    return has_suffix(name, ".npy") ? &npz : NULL;
}

/* What the archive holds; member becomes the name of what told (malloc'd), or stays NULL. */
static const struct kind *by_members(zip_t *z, char **member)
{
    enum { MOST = 4096 };
    const struct kind *found = &zip_other;
    zip_int64_t n = zip_get_num_entries(z, 0);
    for (zip_int64_t i = 0; i < n && i < MOST && found == &zip_other; i++) {
        const char *name = zip_get_name(z, (zip_uint64_t)i, 0);
        const struct kind *k = name != NULL ? by_member(name) : NULL;
        if (k == NULL) continue;
        found = k;
        if (k == &zip_h5) *member = strdup(name);
    }
    return found;
}

static const struct kind *zip_kind(const char *path, const uint8_t *bytes, size_t n, char **member)
{
    zip_t *z = NULL;
    if (path != NULL) {
        z = zip_open(path, ZIP_RDONLY, NULL);
    } else {
        zip_source_t *source = zip_source_buffer_create(bytes, n, 0, NULL);
        z = source != NULL ? zip_open_from_source(source, ZIP_RDONLY, NULL) : NULL;
        if (z == NULL && source != NULL) zip_source_free(source);
    }
    if (z == NULL) return NULL; /* damaged: the caller's own message is better */
    bool keras = zip_name_locate(z, "config.json", 0) >= 0 || zip_name_locate(z, "metadata.json", 0) >= 0 ||
                 zip_name_locate(z, "model.weights.h5", 0) >= 0;
    const struct kind *k = keras ? NULL : by_members(z, member);
    zip_discard(z);
    return k;
}

/* ---- telling ---- */

static int tell(const char *path, const struct kind *k, const char *member, enum mnq_wanted wanted, struct mnq_err *e)
{
    const char *advice = k == NULL ? NULL : wanted == MNQ_WANTED_MODEL ? k->model : k->data;
    if (advice != NULL && wanted == MNQ_WANTED_PICTURE && strcmp(advice, DATA) == 0) advice = "no picture";
    if (advice == NULL) return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s%s%.100s%s; %s", path, k->what, member != NULL ? " (" : "",
                    member != NULL ? member : "", member != NULL ? ")" : "", advice);
}

static const struct kind *folder_kind(const char *path)
{
    char inner[4096];
    static const char *const sign[] = {"saved_model.pb", "saved_model.pbtxt", "keras_metadata.pb"};
    for (size_t i = 0; i < sizeof sign / sizeof *sign; i++) {
        int w = snprintf(inner, sizeof inner, "%s/%s", path, sign[i]);
        if (w > 0 && (size_t)w < sizeof inner && access(inner, F_OK) == 0) return &saved_model;
    }
    int w = snprintf(inner, sizeof inner, "%s/checkpoint", path);
    return w > 0 && (size_t)w < sizeof inner && access(inner, F_OK) == 0 ? &checkpoint : NULL;
}

int mnq_filekind_explain(const char *path, enum mnq_wanted wanted, struct mnq_err *e)
{
    struct stat st;
    uint8_t head[MNQ_FILEKIND_HEAD];
    if (stat(path, &st) != 0) return 0;
    if (S_ISDIR(st.st_mode)) {
        const struct kind *k = folder_kind(path);
        if (k != NULL) return tell(path, k, NULL, wanted, e);
        if (wanted == MNQ_WANTED_DATA) return 0;
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: a folder; a model is one file (.keras, .h5 or .mnq)", path);
    }
    struct mnq_err later = {0}; /* the reader's message */
    int fd = mnq_file_open(path, &st, &later);
    ssize_t n = fd >= 0 ? read(fd, head, sizeof head) : -1;
    if (fd >= 0) close(fd);
    if (n < 0) return 0;
    char *member = NULL;
    const struct kind *k =
        starts(head, (size_t)n, "PK\3\4", 4) ? zip_kind(path, NULL, 0, &member) : by_magic(head, (size_t)n, path);
    int rc = tell(path, k, member, wanted, e);
    free(member);
    return rc;
}

int mnq_filekind_explain_bytes(const char *name, const uint8_t *bytes, size_t n, enum mnq_wanted wanted, struct mnq_err *e)
{
    char *member = NULL;
    const struct kind *k = starts(bytes, n, "PK\3\4", 4) ? zip_kind(NULL, bytes, n, &member) : by_magic(bytes, n, name);
    int rc = tell(name, k, member, wanted, e);
    free(member);
    return rc;
}
