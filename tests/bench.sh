#!/bin/sh
# Compares sealing and opening with programs of Debian that do similar work, in one run.
#
#   sh tests/bench.sh [SIZE_MIB]        default 1024
#
#   CAUSEWAY_BENCH_DIR    where test data and results go; default target/bench
#   CAUSEWAY_BENCH_RUNS   runs of each program; default 5
#
# Programs take turns (A B C A B C …), so that a busy moment hurts all of them; the table shows
# medians. Where one program of a group syncs its result to the disk, all do: those that do not by
# themselves are followed by sync(1). Peak memory is that of the largest process of a pipeline.
# Needs about fifteen times SIZE_MIB of disk. Peers that are not installed are left out:
#
#   apt-get install age gnupg nncp restic time zstd
set -eu

size_mib=${1:-1024}
runs=${CAUSEWAY_BENCH_RUNS:-5}
root=$(cd "$(dirname "$0")/.." && pwd)
work=${CAUSEWAY_BENCH_DIR:-$root/target/bench}
small_count=10000

has() { command -v "$1" >/dev/null 2>&1; }
say() { printf '%s\n' "$*" >&2; }

[ -x /usr/bin/time ] || { say "bench: /usr/bin/time is missing: apt-get install time"; exit 2; }
has bash || { say "bench: bash is missing"; exit 2; }

say "bench: building"
(cd "$root" && cargo build --quiet --release --locked \
    -p bundle-format --example bundle_file -p causeway-bench)
target=${CARGO_TARGET_DIR:-$root/target}
causeway=$target/release/examples/bundle_file
yardstick=$target/release/causeway-bench

mkdir -p "$work"
work=$(cd "$work" && pwd)
cd "$work"
rm -rf out results.tsv runs.tsv
mkdir out

# --- Data -----------------------------------------------------------------------------------

# Copies about $2 MiB of the files listed on standard input as "bytes TAB path" into folder $1,
# flat, named by their paths. Names in an archive have at most 255 bytes.
take_files() {
    mkdir -p "$1"
    LC_ALL=C sort -u -k2 | awk -F'\t' -v left="$2" '
        BEGIN { left *= 1048576 }
        length($2) < 200 && $1 > 0 { if (left < $1) next; left -= $1; print $2 }' > list
    tar -cf - -P --no-recursion --transform='s|/|_|g' -T list | tar -xf - -C "$1"
}

make_mixed() {
    third=$((size_mib / 3))
    rm -rf mixed && mkdir mixed
    find "${CARGO_HOME:-$HOME/.cargo}/registry/src" /usr/share /usr/include /usr/lib -type f \
        \( -name '*.rs' -o -name '*.[ch]' -o -name '*.md' -o -name '*.toml' -o -name '*.txt' \
        -o -name '*.p[lmy]' -o -name '*.html' -o -name '*.json' -o -name '*.xml' -o -name '*.js' \
        -o -name '*.S' -o -name '*.svg' -o -name '*.hpp' -o -name '*.sh' \) \
        -printf '%s\t%p\n' 2>/dev/null | take_files mixed "$third"
    sources=$(du -sm --apparent-size mixed | cut -f1)
    find /usr/bin /usr/lib -type f \( -path '/usr/bin/*' -o -name '*.so*' \) -size +32k \
        -printf '%s\t%p\n' 2>/dev/null | take_files mixed "$third"
    total=$(du -sm --apparent-size mixed | cut -f1)
    # Random bytes fill what the machine lacks of the other two thirds.
    left=$((size_mib - total)) number=0
    while [ "$left" -gt 0 ]; do
        chunk=$((left < 64 ? left : 64))
        head -c "${chunk}M" /dev/urandom > "mixed/random-$number"
        left=$((left - chunk)) number=$((number + 1))
    done
    echo "$sources $((total - sources)) $((size_mib - total))" > mixed.parts
}

if [ "$(cat made 2>/dev/null)" != "$size_mib" ]; then
    say "bench: making test data of $size_mib MiB"
    make_mixed
    tar -cf mixed.tar mixed
    head -c "${size_mib}M" /dev/urandom > random
    rm -rf small && mkdir small
    # 4 KiB each, incompressible: the worst case for what a format adds.
    head -c "$((small_count * 4))K" /dev/urandom |
        split -b 4096 -d -a 5 - small/file-
    echo "$size_mib" > made
fi
sync

# --- Peers' keys ------------------------------------------------------------------------------

if has age; then
    [ -f age.key ] || age-keygen -o age.key 2>/dev/null
    age_to=$(age-keygen -y age.key)
fi
if has gpg; then
    GNUPGHOME=$work/gnupg
    export GNUPGHOME
    trap 'gpgconf --kill gpg-agent 2>/dev/null || true' EXIT
    if [ ! -d gnupg ]; then
        say "bench: making keys for gpg"
        mkdir -m 700 gnupg
        gpg --batch --quiet --pinentry-mode loopback --passphrase '' \
            --quick-gen-key bench default default never 2>/dev/null
    fi
fi

# One value out of an NNCP configuration: the first line with this name.
nncp_value() { awk -v name="$2:" '$1 == name { print $2; exit }' "$1"; }

# A node's configuration with one neighbour: own file, new file, neighbour's file and name.
nncp_join() {
    awk -v spool="$work/spool-$4" -v peer="$5" -v id="$(nncp_value "$3" id)" \
        -v exch="$(nncp_value "$3" exchpub)" -v sign="$(nncp_value "$3" signpub)" \
        -v noise="$(nncp_value "$3" noisepub)" -v incoming="$work/incoming" '
        $1 == "spool:" { print "  spool: " spool; next }
        $1 == "log:" { print "  log: " spool "/log"; next }
        { print }
        $1 == "neigh:" {
            print "    " peer ": {\n      id: " id "\n      exchpub: " exch
            print "      signpub: " sign "\n      noisepub: " noise
            print "      incoming: " incoming "\n    }"
        }' "$1" > "$2"
    mkdir -p "spool-$4" incoming
}
if has nncp-file; then
    nncp-cfgnew -nocomments > alice.new
    nncp-cfgnew -nocomments > bob.new
    nncp_join alice.new alice.hjson bob.new alice bob
    nncp_join bob.new bob.hjson alice.new bob alice
    rm -rf spool-alice/* spool-bob/* incoming/*
fi

# --- Measuring --------------------------------------------------------------------------------

: > plan
# Adds a program to the group's plan: name, what to do before each run, command, result file.
contender() { printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >> plan; }

# Runs the plan as group $1, `runs` times in turns, and appends each program's medians to
# results.tsv: group, program, wall s, user s, system s, peak MiB, result MiB.
measure() {
    say "bench: $1"
    round=1
    export round
    : > runs.tsv
    while [ "$round" -le "$runs" ]; do
        while IFS='	' read -r name before command result; do
            bash -c "$before" </dev/null >/dev/null 2>before.log || { cat before.log >&2; exit 1; }
            sync
            /usr/bin/time -o time.log -f '%e	%U	%S	%M' \
                bash -o pipefail -c "$command" </dev/null >command.log 2>&1 || {
                say "bench: $name failed: $command"; cat command.log >&2; exit 1; }
            bytes=0
            [ -z "$result" ] || bytes=$(du -sb "$result" | cut -f1)
            printf '%s\t%s\t%s\n' "$name" "$(tail -n 1 time.log)" "$bytes" >> runs.tsv
        done < plan
        round=$((round + 1))
    done
    cut -f1 plan | while IFS= read -r name; do
        printf '%s\t%s' "$1" "$name"
        for column in 2 3 4 5 6; do
            awk -F'\t' -v name="$name" -v column="$column" '$1 == name { print $column }' runs.tsv |
                sort -n | awk '{ v[NR] = $1 } END { m = int((NR + 1) / 2); mid = v[m]
                    if (NR % 2 == 0) mid = (v[m] + v[m + 1]) / 2; printf "\t%s", mid }'
        done
        echo
    done | awk -F'\t' -v OFS='\t' '{ $6 /= 1024; $7 /= 1048576; print }' >> results.tsv
    : > plan
}

seal_mixed="seal mixed"
contender causeway "rm -f out/mixed.bundle" \
    "$causeway seal mixed out/mixed.bundle | tee mixed.sizes" out/mixed.bundle
has zstd && contender "tar | zstd -3" "rm -f out/mixed.zst" \
    "tar -cf - mixed | zstd -q -3 -T2 -o out/mixed.zst && sync out/mixed.zst" out/mixed.zst
has zstd && has age && contender "tar | zstd -3 | age" "rm -f out/mixed.age" \
    "tar -cf - mixed | zstd -q -3 -T2 | age -r $age_to -o out/mixed.age && sync out/mixed.age" \
    out/mixed.age
has zstd && has gpg && contender "tar | zstd | gpg -es -z0" "rm -f out/mixed.gpg" \
    "tar -cf - mixed | zstd -q -3 -T2 | gpg --batch -q --trust-model always -r bench -es -z0 \
-o out/mixed.gpg && sync out/mixed.gpg" out/mixed.gpg
has restic && contender "restic backup" \
    "rm -rf out/restic; RESTIC_PASSWORD=x restic -q -r out/restic init" \
    "RESTIC_PASSWORD=x restic -q --no-cache -r out/restic backup mixed && sync -f out" out/restic
measure "$seal_mixed"

# Folders of many files are new in each round and go at the end: ext4 is slow to make files where
# it has just removed many.
open_mixed="open mixed"
contender causeway "true" "$causeway open out/mixed.bundle out/mixed-\$round" ""
has zstd && has age && contender "age -d | zstd -d | tar -x" "mkdir out/mixed-tar-\$round" \
    "age -d -i age.key out/mixed.age | zstd -q -d | tar -xf - -C out/mixed-tar-\$round" ""
measure "$open_mixed"
rm -rf out/restic out/mixed.*

# The same bytes as one file: without the cost of making many small ones.
seal_one="seal mixed, one file"
contender causeway "rm -f out/one.bundle" "$causeway seal mixed.tar out/one.bundle" out/one.bundle
has zstd && has age && contender "zstd -3 | age" "rm -f out/one.age" \
    "zstd -q -3 -T2 -c mixed.tar | age -r $age_to -o out/one.age && sync out/one.age" out/one.age
has zstd && has gpg && contender "zstd -3 | gpg -es -z0" "rm -f out/one.gpg" \
    "zstd -q -3 -T2 -c mixed.tar | gpg --batch -q --trust-model always -r bench -es -z0 \
-o out/one.gpg && sync out/one.gpg" out/one.gpg
measure "$seal_one"

open_one="open mixed, one file"
contender causeway "rm -rf out/opened" "$causeway open out/one.bundle out/opened" ""
has zstd && has age && contender "age -d | zstd -d" "rm -f out/opened.tar" \
    "age -d -i age.key out/one.age | zstd -q -d -o out/opened.tar" ""
measure "$open_one"
rm -rf out/opened out/opened.tar out/one.*

seal_random="seal random"
contender causeway "rm -f out/random.bundle" \
    "$causeway seal random out/random.bundle | tee random.sizes" out/random.bundle
has age && contender age "rm -f out/random.age" \
    "age -r $age_to -o out/random.age random && sync out/random.age" out/random.age
has nncp-file && contender nncp-file "rm -rf spool-alice/*" \
    "nncp-file -quiet -cfg alice.hjson random bob:" "spool-alice"
measure "$seal_random"

open_random="open random"
contender causeway "rm -rf out/opened" \
    "$causeway open out/random.bundle out/opened && sync out/opened/file" ""
has age && contender "age -d" "rm -f out/opened.plain" \
    "age -d -i age.key -o out/opened.plain out/random.age && sync out/opened.plain" ""
if has nncp-file; then
    rm -rf out/stick && mkdir out/stick
    nncp-xfer -quiet -cfg alice.hjson -mkdir -tx out/stick >/dev/null 2>&1
    contender "nncp-xfer -rx, nncp-toss" "rm -rf spool-bob/* incoming/*" \
        "nncp-xfer -quiet -cfg bob.hjson -keep -rx out/stick && nncp-toss -quiet -cfg bob.hjson \
&& test -s incoming/random" incoming
fi
measure "$open_random"
rm -rf out/opened out/opened.plain out/random.age out/stick spool-alice/* spool-bob/* incoming/*

seal_small="seal 10,000 x 4 KiB"
contender causeway "rm -f out/small.bundle" \
    "$causeway seal small out/small.bundle | tee small.sizes" out/small.bundle
has zstd && has age && contender "tar | zstd -3 | age" "rm -f out/small.age" \
    "tar -cf - small | zstd -q -3 -T2 | age -r $age_to -o out/small.age && sync out/small.age" \
    out/small.age
has nncp-file && contender "nncp-file folder" "rm -rf spool-alice/*" \
    "nncp-file -quiet -cfg alice.hjson small bob:" "spool-alice"
measure "$seal_small"

open_small="open 10,000 x 4 KiB"
contender causeway "true" "$causeway open out/small.bundle out/small-\$round" ""
has zstd && has age && contender "age -d | zstd -d | tar -x" "mkdir out/small-tar-\$round" \
    "age -d -i age.key out/small.age | zstd -q -d | tar -xf - -C out/small-tar-\$round" ""
measure "$open_small"
rm -rf out

# zstd, BLAKE3 and ChaCha20-Poly1305 in one thread, without a format around them.
spent=$(cat mixed/* | "$yardstick")

# --- Table ------------------------------------------------------------------------------------

value() {
    awk -F'\t' -v group="$1" -v name="$2" -v column="$3" \
        '$1 == group && $2 == name { print $column }' results.tsv
}
calc() { awk "BEGIN { printf \"%.3f\", $1 }"; }

printf 'Medians of %s runs, %s MiB; mixed: %s MiB sources, %s MiB programs, %s MiB random.\n\n' \
    "$runs" "$size_mib" $(cat mixed.parts)
awk -F'\t' '
    BEGIN { printf "%-20s %-26s %7s %7s %7s %7s %8s %9s %9s\n", "work", "program", "wall s",
            "CPU s", "user s", "peak", "result", "wall", "CPU"
            printf "%-47s %31s %8s %19s\n", "", "MiB", "MiB", "relative to ours" }
    $2 == "causeway" { wall = $3; cpu = $4 + $5; if (NR > 1) print "" }
    { size = $7 > 0 ? sprintf("%.1f", $7) : "-"
      printf "%-20s %-26s %7.2f %7.2f %7.2f %7.1f %8s %8.2fx %8.2fx\n", $1, $2, $3, $4 + $5, $4,
          $6, size, $3 / wall, ($4 + $5) / cpu }' results.tsv

# A line of the list of targets: text, figure, comparison, target.
target() {
    awk -v text="$1" -v figure="$2" -v compare="$3" -v limit="$4" 'BEGIN {
        met = compare == ">=" ? figure >= limit : figure <= limit
        printf "%-68s %8.3f  %s %-7s %s\n", text, figure, compare, limit, met ? "met" : "MISSED" }'
}
# The same for a ratio of two rows, if both programs were there: text, group, column, above, below.
ratio() {
    above=$(value "$2" "$4" "$3") below=$(value "$2" "$5" "$3")
    if [ -n "$above" ] && [ -n "$below" ]; then
        target "$1" "$(calc "$above / $below")" "$6" "$7"
    else
        printf '%-68s not measured: a peer is missing\n' "$1"
    fi
}
ours=causeway
unpadded() { awk '{ print $3 / 1048576 }' "$1.sizes"; }
peak=$(awk -F'\t' '$2 == "causeway" && $6 > peak { peak = $6 } END { print peak }' results.tsv)
cpu() { calc "$(value "$1" $ours 4) + $(value "$1" $ours 5)"; }

printf '\nTargets\n'
ratio "seal mixed: faster than tar | zstd -3 | age" "$seal_mixed" 3 "tar | zstd -3 | age" $ours ">=" 1.4
ratio "seal mixed: faster than zstd | gpg -es -z0" "$seal_mixed" 3 "tar | zstd | gpg -es -z0" $ours ">=" 2
ratio "seal mixed: faster than restic backup" "$seal_mixed" 3 "restic backup" $ours ">=" 5
ratio "seal mixed: padded size over zstd -3" "$seal_mixed" 7 $ours "tar | zstd -3" "<=" 1.03
zstd_mib=$(value "$seal_mixed" "tar | zstd -3" 7)
[ -z "$zstd_mib" ] || target "seal mixed: size before padding over zstd -3" \
    "$(calc "$(unpadded mixed) / $zstd_mib")" "<=" 1.03
ratio "seal mixed, one file: faster than zstd -3 | age" "$seal_one" 3 "zstd -3 | age" $ours ">=" 1.4
ratio "seal mixed, one file: faster than zstd -3 | gpg -es -z0" "$seal_one" 3 "zstd -3 | gpg -es -z0" $ours ">=" 2
target "seal mixed: (zstd + AEAD + BLAKE3 CPU) / 2 cores over our wall time" \
    "$(echo "$spent" | awk -v wall="$(value "$seal_mixed" $ours 3)" \
        '{ printf "%.3f", ($1 + $2 + $3) / 2 / wall }')" ">=" 0.85
ratio "open mixed: faster than age -d | zstd -d | tar -x" "$open_mixed" 3 "age -d | zstd -d | tar -x" $ours ">=" 1.7
target "seal mixed, one file: the same" \
    "$(echo "$spent" | awk -v wall="$(value "$seal_one" $ours 3)" \
        '{ printf "%.3f", ($1 + $2 + $3) / 2 / wall }')" ">=" 0.85
ratio "open mixed, one file: faster than age -d | zstd -d" "$open_one" 3 "age -d | zstd -d" $ours ">=" 1.7
ratio "seal random: user CPU over nncp-file" "$seal_random" 4 $ours nncp-file "<=" 1.0
ratio "seal random: speed of age" "$seal_random" 3 age $ours ">=" 0.9
ratio "open random: user CPU over nncp-xfer -rx, nncp-toss" "$open_random" 4 $ours "nncp-xfer -rx, nncp-toss" "<=" 1.0
ratio "open random: wall time over nncp-xfer -rx, nncp-toss" "$open_random" 3 $ours "nncp-xfer -rx, nncp-toss" "<=" 1.0
target "seal 10,000 x 4 KiB: CPU s" "$(cpu "$seal_small")" "<=" 1
target "open 10,000 x 4 KiB into a folder: CPU s" "$(cpu "$open_small")" "<=" 3
target "10,000 x 4 KiB: bytes before padding over content" \
    "$(calc "$(unpadded small) / ($small_count * 4 / 1024)")" "<=" 1.05
target "random: bytes before padding over content, in percent" \
    "$(calc "($(unpadded random) / $size_mib - 1) * 100")" "<=" 0.05
target "peak memory of ours, MiB" "$peak" "<=" 64
printf '\nYardstick, CPU seconds of one core for the mixed data (zstd, BLAKE3, AEAD): %s\n' "$spent"
printf 'Ours is the example bundle_file of bundle-format: signed, padded, post-quantum.\n'
