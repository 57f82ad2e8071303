#!/bin/sh
# The main job, played on this machine: two people at two sites, a stick and a courier for each,
# one relay between them; then a space that they share, and the signing room. Every command is printed as it is run, so that it can be repeated by
# hand. Nothing outside a temporary folder is touched, and only loopback is used.
#
#   sh tests/tour.sh          builds the programs, then plays
#   CAUSEWAY_BIN_DIR=DIR sh tests/tour.sh    plays with programs that were built before
#   CAUSEWAY_TOUR_KEEP=1      leaves the folder, to look around in
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
if [ -z "${CAUSEWAY_BIN_DIR:-}" ]; then
    echo "Building the programs (the first time takes some minutes)…"
    cargo build --locked -p offline-vault -p note-worker -p online-relay
    CAUSEWAY_BIN_DIR=$root/target/debug
    [ -z "${CARGO_TARGET_DIR:-}" ] || CAUSEWAY_BIN_DIR=$CARGO_TARGET_DIR/debug
fi
PATH=$CAUSEWAY_BIN_DIR:$PATH
unset CAUSEWAY_VAULT CAUSEWAY_COURIER XDG_DATA_HOME || true

tour=$(mktemp -d "${TMPDIR:-/tmp}/causeway-tour.XXXXXX")
relay_pid=
finish() {
    status=$?
    [ -z "$relay_pid" ] || kill "$relay_pid" 2>/dev/null || true
    if [ -n "${CAUSEWAY_TOUR_KEEP:-}" ]; then
        echo "Everything is left in $tour"
    else
        rm -rf "$tour"
    fi
    [ "$status" -eq 0 ] || echo "THE TOUR FAILED (exit code $status)" >&2
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM
cd "$tour"

title() { printf '\n=== %s ===\n' "$*"; }
say() { printf '\n# %s\n' "$*"; }
# Prints a command so that it can be pasted: words with blanks in quotes.
show() {
    printf '$'
    for word in "$@"; do
        case $word in
        *' '*) printf ' "%s"' "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
}
run() {
    show "$@"
    "$@"
}
# A command whose answer matters: shown as it is run, kept for the check that follows.
answer=
keep() {
    show "$@"
    answer=$("$@")
    printf '%s\n' "$answer"
}
expect() {
    case $answer in
    *"$1"*) ;;
    *)
        printf 'expected to read: %s\n' "$1" >&2
        exit 1
        ;;
    esac
}
# The two offline machines. A person types the passphrase; here it comes from a file.
amina() { offline-vault --vault amina/vault --passphrase-file amina/passphrase "$@"; }
bilal() { offline-vault --vault bilal/vault --passphrase-file bilal/passphrase "$@"; }
vault() {
    who=$1
    shift
    run offline-vault --vault "$who/vault" --passphrase-file "$who/passphrase" "$@"
}
vault_keep() {
    who=$1
    shift
    keep offline-vault --vault "$who/vault" --passphrase-file "$who/passphrase" "$@"
}
# The two online machines.
courier() {
    who=$1
    shift
    run online-relay courier "$@" --courier "$who/courier"
}

mkdir -p amina/stick bilal/stick
(umask 077 && echo 'ledger violin tundra saddle' >amina/passphrase &&
    echo 'harbor pencil meadow copper' >bilal/passphrase)

title "The relay: an operator runs a server and hands out two invitations"
printf '$ online-relay serve --data relay --listen 127.0.0.1:0 &\n'
online-relay serve --data relay --listen 127.0.0.1:0 >relay.out 2>relay.err &
relay_pid=$!
tries=0
until grep -q '^listening on ' relay.out 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { cat relay.err >&2; exit 1; }
    sleep 0.1
done
cat relay.out
url=$(sed -n 's/^listening on //p' relay.out)
run online-relay invite --data relay --url "$url" --output amina/invitation.txt
run online-relay invite --data relay --url "$url" --output bilal/invitation.txt

title "Two offline machines: Amina's and Bilal's"
say "In real use leave --kdf-memory-mib out: the default makes guessing four times dearer."
vault amina init --name Amina --kdf-memory-mib 64
vault bilal init --name Bilal --kdf-memory-mib 64
vault amina relay add amina/invitation.txt
vault bilal relay add bilal/invitation.txt

title "Each vault is paired with the courier on the online machine beside it"
for who in amina bilal; do
    courier "$who" init --server "$url"
    say "The vault shows thirteen words; a person types them on the other machine."
    printf '$ offline-vault --vault %s/vault … pair show --name courier\n' "$who"
    "$who" pair show --name courier --json >"$who/pairing.json"
    words=$(sed -n 's/.*"code":\[\([^]]*\)\].*/\1/p' "$who/pairing.json" | tr -d '"' | tr ',' ' ')
    echo "  $words"
    printf '$ online-relay courier pair type --name %s --courier %s/courier\n' "$who" "$who"
    printf '%s\n' "$words" |
        online-relay courier pair type --name "$who" --code-file - --courier "$who/courier"
    rm "$who/pairing.json"
done

title "They exchange cards and compare words"
vault amina card --output amina/card.txt
vault bilal card --output bilal/card.txt
vault amina contact add bilal/card.txt
vault bilal contact add amina/card.txt
say "By phone: each reads out eight words, the other types what they hear."
vault amina contact verify bilal --how "by phone" --words "$(bilal card --words)"
vault bilal contact verify amina --how "by phone" --words "$(amina card --words)"

title "Bilal's first trip opens his mailbox"
vault bilal sync --stick bilal/stick
courier bilal sync --stick bilal/stick

title "Amina sends a folder and a message"
mkdir report
cp "$root"/spec/*.md report/
cp "$CAUSEWAY_BIN_DIR/online-relay" report/program
head -c 300000 /dev/urandom >report/photo.jpg
(cd report && find . -type f -exec cksum {} + | sort -k3) >report.sums
echo "Please check page 4 before Friday." >amina/letter.txt
vault amina send --to bilal report --message-file amina/letter.txt
vault amina sync --stick amina/stick

title "What somebody who finds the stick now would see"
keep offline-vault inspect amina/stick
expect "; 0 of them say something"

title "The stick goes to Amina's courier, which puts the bundle into Bilal's mailbox"
courier amina sync --stick amina/stick

title "Bilal's courier fetches it, the stick goes to Bilal's vault"
courier bilal sync --stick bilal/stick
vault_keep bilal sync --stick bilal/stick
expect "in-1  amina"
vault_keep bilal show in-1
expect "Please check page 4"
vault bilal save in-1 --to bilal/work
(cd bilal/work/report && find . -type f -exec cksum {} + | sort -k3) >received.sums
cmp report.sums received.sums
echo "Every file is the same, byte for byte."

title "The receipt goes back the same way"
courier bilal sync --stick bilal/stick
courier amina sync --stick amina/stick
vault amina sync --stick amina/stick
vault_keep amina receipts
expect "out-1  bilal  confirmed (signed receipt)"
vault amina outbox

title "Bilal answers by light: his vault shows codes, his courier films them"
say "In real use: --screen on one side, --camera on the other, or both on both. Here the codes are
# pictures in a folder, which anybody may look at."
vault_keep bilal send --to amina --message="Page 4 is right."
vault bilal sync --images bilal/codes
courier bilal sync --camera bilal/codes
say "Amina's courier fetches the answer; her vault films it from her courier's codes."
courier amina sync --images amina/codes
vault_keep amina sync --camera amina/codes
expect "in-1  bilal"
vault_keep amina show in-1
expect "Page 4 is right"

title "A space: they work together, with other keys and mailboxes than their own"
for who in amina bilal; do
    run online-relay invite --data relay --url "$url" --output "$who/space.txt"
done
# One trip: from one vault through both couriers and the relay into the other.
trip() {
    show trip "$1" "$2"
    for step in "$1 vault" "$1 courier" "$2 courier" "$2 vault"; do
        who=${step% *}
        case $step in
        *vault) "$who" sync --stick "$who/stick" >trip.out ;;
        *) online-relay courier sync --stick "$who/stick" --courier "$who/courier" >trip.out ;;
        esac
    done
    grep '^newsroom: ' trip.out || true
}
say "A trip is what was played above: vault, courier, courier, vault, each with its sync."
vault amina space create newsroom --as Amina --relay amina/space.txt
vault amina space invite newsroom --to bilal --role editor
trip amina bilal
vault bilal space join 1 --as Bilal --relay bilal/space.txt
trip bilal amina
trip amina bilal
vault amina message send newsroom --message="The ledger is in the folder."
vault amina file add newsroom report/photo.jpg
printf 'Page 4\n\nChecked by nobody yet.\n' >plan.txt
vault_keep amina note new newsroom "Who checks what" --file plan.txt
note=$(printf '%s\n' "$answer" | sed -n 's/^\(newsroom.[0-9a-f]*\): made.*/\1/p')
trip amina bilal
vault_keep bilal message list newsroom
expect "The ledger is in the folder."
vault_keep bilal file list newsroom
photo=$(printf '%s\n' "$answer" | sed -n 's/^\(newsroom.[0-9a-f]*\) .*photo.jpg.*/\1/p')
vault bilal file save "$photo" --to bilal/shared
cmp report/photo.jpg "$(find bilal/shared -name photo.jpg)"
say "Both change the note before they hear of one another; both changes stay."
printf 'Page 4\n\nChecked by nobody yet.\nPage 5 as well.\n' >amina/plan.txt
printf 'Page 4\n\nChecked by Bilal.\n' >bilal/plan.txt
vault amina note edit "$note" --file amina/plan.txt
vault bilal note edit "$note" --file bilal/plan.txt
trip bilal amina
trip amina bilal
for who in amina bilal; do
    vault_keep "$who" note show "$note"
    expect "Checked by Bilal."
    expect "Page 5 as well."
done
trip bilal amina
vault_keep amina explain "$note"
expect "confirmed by 1 of 1 device"
vault amina who-can-read "$note"

title "What the owner of the relay has seen"
run online-relay status --data relay
say "The names of the files that it stores, and any word of the message in all of its data:"
find relay -type f | sort
for canary in "page 4" "before Friday" "is right" Amina Bilal photo.jpg report/program \
    "in the folder" "nobody yet" "Who checks" newsroom; do
    if grep -r -q -a -F "$canary" relay amina/courier bilal/courier \
        amina/stick bilal/stick amina/codes bilal/codes; then
        echo "FOUND \"$canary\" outside the vaults" >&2
        exit 1
    fi
    echo "\"$canary\" is nowhere on the relay, the couriers, the sticks or the codes."
done
say "The relay saw: that four mailboxes exist, when their couriers called, and the padded sizes of
# the bundles. It saw no names, no keys, no files and no text."

for referee in git sqv; do
    if ! command -v "$referee" >/dev/null 2>&1; then
        echo
        echo "The tour is done: sent, carried, taken in, confirmed, shared."
        echo "Its last part, signing, needs $referee, which is not installed."
        exit 0
    fi
done

title "The signing room: Amina's keys sign for her online machine, and stay in her vault"
vault amina key generate release --user-id "Amina <amina@example.org>"
vault amina key generate git --kind ssh --comment amina@example.org
desk() {
    run online-relay desk "$@" --courier amina/courier
}
for key in release git; do
    vault amina key export "$key" --output "amina/$key.pub"
    desk key add "amina/$key.pub"
done
say "She asks for the signature of a file and of three commits, in one crossing."
desk sign --key release --reason "what was sent to Bilal" report.sums
# Nobody's own settings of git have a part in this.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
git_work() { git -C work -c user.name=Amina -c user.email=amina@example.org "$@"; }
git init -q -b main work
for line in "A begin" "The first page" "The second page" "A typing error"; do
    echo "$line" >>work/book.txt
    git_work add book.txt
    git_work commit -q -m "$line"
done
base=$(git_work rev-list --max-parents=0 main)
desk sign-git "$base..main" --repository work --key git
courier amina sync --stick amina/stick
vault amina sync --stick amina/stick
say "In real use she reads them in a terminal, page by page; nothing unread can be approved."
vault_keep amina show req-2 --whole
expect "+The second page"
vault_keep amina show req-1 --whole
expect "photo.jpg"
vault amina approve --all-shown
vault amina sync --stick amina/stick
courier amina sync --stick amina/stick
say "What everybody else's programs say about the signatures:"
run sqv --keyring amina/release.pub report.sums.asc report.sums
printf 'amina@example.org %s\n' "$(cat amina/git.pub)" >amina/signers
for commit in $(git_work rev-list "$base..main"); do
    run git -C work -c gpg.ssh.allowedSignersFile="$tour/amina/signers" verify-commit "$commit"
done
vault amina journal --signatures

echo
echo "The tour is done: sent, carried, taken in, confirmed, shared, signed."
