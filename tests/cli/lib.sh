# SPDX-License-Identifier: Apache-2.0
# Vocabulary of the case files.

# model [NAME] [FILE]: a small float model from tests/support/keras/NAME.txt, default functional, as model.h5.
model() {
    h5text "$MNQ_TESTS/support/keras/${1-functional}.txt" "${2-model.h5}"
}

# edited SED-SCRIPT FILE [NAME]: the same with its description changed.
edited() {
    sed -E "$1" "$MNQ_TESTS/support/keras/${3-functional}.txt" >description.txt
    if cmp -s description.txt "$MNQ_TESTS/support/keras/${3-functional}.txt"; then
        echo "edited: nothing changed" >&2
        return 1
    fi
    h5text description.txt "$2"
    rm description.txt
}

# picture FILE.ppm SEED [SIDE]: a square of pixels that depend on the seed alone.
picture() {
    local side=${3-8}
    awk -v seed="$2" -v side="$side" 'BEGIN {
        print "P3", side, side, 255
        for (i = 0; i < side * side * 3; i++) { seed = (seed * 1103515245 + 12345) % 2147483648; print int(seed / 8388608) }
    }' >"$1"
}

# pictures FOLDER [N]: N such pictures, default 6, in class folders a and b.
pictures() {
    local i
    mkdir -p "$1/a" "$1/b"
    for ((i = 0; i < ${2-6}; i++)); do picture "$1/$([ $((i % 2)) = 0 ] && echo a || echo b)/$i.ppm" $((i + 1)); done
}

# samples FILE.h5 IMAGES-LINE...: an HDF5 file from h5text lines.
samples() {
    local out=$1
    shift
    printf '%s\n' "$@" >description.txt
    h5text description.txt "$out"
    rm description.txt
}

# integer: model.h5, pics/ and model.mnq made from them.
integer() {
    model && pictures pics && mnquant -q calibrate model.h5 --data pics --preprocess unit -o model.mnq
}

# patch FILE OFFSET BYTES: overwrites bytes, given as printf escapes.
patch() {
    printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# cut FILE BYTES: leaves the first BYTES bytes.
cut_to() {
    truncate -s "$2" "$1"
}
