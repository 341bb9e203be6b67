# SPDX-License-Identifier: Apache-2.0
# Models that several tests read are calibrated once per build. To be read by a shell script.

# calibrated OUT MNQUANT MODEL.h5 CALIB PREPROCESS [OPTION...]: copies the calibrated model to OUT; prints why it cannot, status 1.
calibrated() (
    out=$1 mnquant=$2 model=$3 calib=$4 preprocess=$5
    shift 5
    models=$(cd "$(dirname "$mnquant")/.." && pwd)/models
    mkdir -p "$models"
    # Another program, other files or other options make another model.
    key=$({ printf '%s\n' "$preprocess" "$@"; ls -lLR --time-style=full-iso "$mnquant" "$model" "$calib"; } | cksum | tr ' ' -)
    made=$models/$key.mnq
    exec 9>"$models/$key.lock"
    flock 9 # the first test makes it, the others wait
    if [ ! -e "$made" ]; then
        find "$models" -name '*.mnq' ! -newer "$mnquant" -delete 2>/dev/null || true # another test may be faster
        "$mnquant" -q calibrate "$model" --data "$calib" --preprocess "$preprocess" "$@" -o "$models/$key.part" -f || exit 1
        mv "$models/$key.part" "$made"
    fi
    cp "$made" "$out"
)
