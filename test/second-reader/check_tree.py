#!/usr/bin/env python3
"""Check a mirror's tree against its head: a second reader, written from docs/formats.md alone.

    check_tree.py TREE [ALLOWED_SIGNERS NETWORK]     is the tree what its head says?
    check_tree.py --compare TREE OLD-ROOT NEW-ROOT   what changed between two of its releases

It shares no code with the product and uses only Python's own library (and ssh-keygen for the
signature). Exit code 0: all is well; 1: it is not, one sentence a line. In what it prints, paths
are percent-encoded, as in a root.
"""

import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import zlib

OWN = b"project/pushmirror"
HEX = rb"[0-9a-f]{64}"
NUMBER = rb"(?:0|[1-9][0-9]*)"
# Limits: docs/formats.md says why.
ENTRIES, BUCKETS, ROOT, BUCKET_ENTRIES = 8_000_000, 262_144, 64 << 20, 4096
BUCKET, RATIO, RATIO_FROM, PATH, NAME = 4 << 20, 256, 64 << 10, 3072, 255
FILE, MTIME = 1 << 50, 10**11


class Refused(Exception):
    pass


def need(condition, sentence):
    if not condition:
        raise Refused(sentence)


# Head


def read_head(tree):
    with open(os.path.join(tree, OWN, b"Release.head"), "rb") as file:
        text = file.read(4097)
    need(len(text) <= 4096, "the head is larger than 4096 bytes")
    body, begin, armour = text.partition(b"-----BEGIN SSH SIGNATURE-----\n")
    need(begin and text.endswith(b"\n-----END SSH SIGNATURE-----\n"), "the head has no signature")
    fields = dict(re.findall(rb"^([A-Za-z-]+): (.*)\n", body, re.M))
    need(fields.get(b"Push-Head") == b"1", "the head is of another format")
    return body, begin + armour, fields


def check_signature(body, signature, signers, network):
    with tempfile.NamedTemporaryFile() as file:
        file.write(signature)
        file.flush()
        argv = ["ssh-keygen", "-Y", "verify", "-f", signers, "-I", network]
        argv += ["-n", "pushmirror-head", "-s", file.name]
        done = subprocess.run(argv, input=body, capture_output=True)
    need(done.returncode == 0, "the head's signature is not good")


# Root


def read_root(tree, sha256, size=None):
    data = read_listed(tree, sha256 + b".root", sha256, size, ROOT)
    need(data.endswith(b"\n"), "the root's last line is cut off")
    lines = data[:-1].split(b"\n")
    fields = {}
    for name in b"Push-Manifest Network Archive Epoch Serial Profile Entries Files Bytes Buckets".split():
        line = lines.pop(0) if lines else b""
        found = re.fullmatch(re.escape(name) + rb": ([!-~]{1,128})", line)
        need(found, f"the root's line {name.decode()} is missing")
        fields[name] = found[1]
    need(fields[b"Push-Manifest"] == b"1", "the root is of another format")
    for name in b"Epoch Serial Entries Files Bytes Buckets".split():
        need(re.fullmatch(NUMBER, fields[name]), f"the root's {name.decode()} is not a number")
        fields[name] = int(fields[name])
    need(fields[b"Entries"] <= ENTRIES and fields[b"Buckets"] <= BUCKETS, "the root lists too much")
    need(len(lines) == fields[b"Buckets"], "the root has other lines than it says")
    buckets = [read_bucket_line(line) for line in lines]
    firsts = [order(bucket["first"]) for bucket in buckets]
    need(all(a < b for a, b in zip(firsts, firsts[1:])), "the root's buckets are out of order")
    need(sum(b["entries"] for b in buckets) == fields[b"Entries"], "the root's counts disagree")
    return fields, buckets


def read_bucket_line(line):
    found = re.fullmatch(rb"(%s) (%s) (%s) (%s) ([!-~]+)" % (HEX, NUMBER, NUMBER, NUMBER), line)
    need(found, "the root has a line that is none")
    sha256, first = found[1], decode_path(found[5])
    size, unpacked, entries = (int(found[i]) for i in (2, 3, 4))
    need(size <= BUCKET and unpacked <= BUCKET, "a bucket is too large")
    need(1 <= entries <= BUCKET_ENTRIES, "a bucket has too many entries, or none")
    need(unpacked <= RATIO_FROM or unpacked <= RATIO * size, "a bucket unpacks to too much")
    check_path(first)
    return {"sha256": sha256, "size": size, "unpacked": unpacked, "entries": entries, "first": first}


# Buckets


def entries_of(tree, buckets):
    """All entries, in order: (kind, path, the rest of the record's fields)."""
    last = None
    for at, bucket in enumerate(buckets):
        end = order(buckets[at + 1]["first"]) if at + 1 < len(buckets) else None
        entries = read_bucket(tree, bucket)
        need(entries[0][1] == bucket["first"], "a bucket begins with another path than the root says")
        for entry in entries:
            key = order(entry[1])
            need(last is None or last < key, f"{encode_path(entry[1])} is out of order")
            need(end is None or key < end, f"{encode_path(entry[1])} is in the wrong bucket")
            last = key
            yield entry


def read_bucket(tree, bucket):
    name = bucket["sha256"] + b".bucket"
    gzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    packed = read_listed(tree, name, bucket["sha256"], bucket["size"], BUCKET)
    text = gzip.decompress(packed, bucket["unpacked"] + 1)
    need(gzip.eof and not gzip.unused_data, "a bucket is not one gzip member of the size it says")
    need(len(text) == bucket["unpacked"], "a bucket unpacks to another size than the root says")
    need(text.endswith(b"\0"), "a bucket's last record is cut off")
    records = iter(text[:-1].split(b"\0"))
    entries, folder = [], None
    for record in records:
        if record.startswith(b"/"):
            need(record[1:] != folder, "a bucket enters a folder twice")
            folder = record[1:]
            continue
        need(folder is not None, "a bucket does not begin with a folder")
        entries.append(read_record(record, records, folder))
    need(len(entries) == bucket["entries"], "a bucket has other entries than the root says")
    return entries


def read_record(record, records, folder):
    file = re.fullmatch(
        rb"f (0|[1-7][0-7]{0,2}) (%s) (0|-?[1-9][0-9]*) (%s) (-|%s) (.+)" % (NUMBER, HEX, NUMBER),
        record,
        re.S,
    )
    if file:
        mode, size, mtime = int(file[1], 8), int(file[2]), int(file[3])
        need(size <= FILE and abs(mtime) <= MTIME, "a file's size or time is out of bounds")
        return b"f", joined(folder, file[6]), (mode, size, mtime, file[4], check_order(file[5]))
    made = re.fullmatch(rb"d (0|[1-7][0-7]{0,2}) (.+)", record, re.S)
    if made:
        return b"d", joined(folder, made[2]), (int(made[1], 8),)
    link = re.fullmatch(rb"l (-|%s) (.+)" % NUMBER, record, re.S)
    need(link, "a bucket has a record that is none")
    path, target = joined(folder, link[2]), next(records, b"")
    check_target(path, target)
    return b"l", path, (target, check_order(link[1]))


def check_order(word):
    need(word == b"-" or int(word) <= 15, "an ORDER is above 15")
    return word


# Paths


def joined(folder, name):
    path = folder + b"/" + name if folder else name
    need(b"/" not in name, f"{encode_path(path)} has a slash in its name")
    check_path(path)
    return path


def check_path(path):
    shown = encode_path(path)
    need(len(path) <= PATH, f"{shown} is too long")
    for name in path.split(b"/"):
        need(name not in (b"", b".", b"..") and b"\0" not in name, f"{shown} is no path")
        need(len(name) <= NAME, f"{shown} has a name that is too long")
    need(not is_own(path), f"{shown} is a mirror's own")


def is_own(path):
    names = path.split(b"/")
    marks = (b"Archive-Update-in-Progress-", b"Archive-Update-Required-")
    return (
        names[:2] in ([b"project", b"pushmirror"], [b"project", b"trace"])
        or names[0].startswith(marks)
        or names[0] == b"lost+found"
        or b".~tmp~" in names
    )


def check_target(path, target):
    need(0 < len(target) <= PATH and not target.startswith(b"/"), f"the link {encode_path(path)} is refused")
    names = target.split(b"/")
    ups = 0
    while ups < len(names) and names[ups] == b"..":
        ups += 1
    leaves = ups > path.count(b"/") or b".." in names[ups:]
    need(not leaves, f"the link {encode_path(path)} leads out of the tree")


def order(path):
    return path.rpartition(b"/")[0], path


def encode_path(path):
    return "".join(chr(c) if 0x21 <= c <= 0x7E and c != 0x25 else f"%{c:02X}" for c in path)


def decode_path(word):
    path = re.sub(rb"%([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), word)
    need(encode_path(path).encode() == word, "the root has a path that is not written as it should be")
    return path


# Files


def read_listed(tree, name, sha256, size, most):
    path = os.path.join(tree, OWN, b"manifest", name)
    there = os.path.getsize(path) if os.path.exists(path) else -1
    need(there >= 0, f"{name.decode()} is missing")
    need(there <= most and size in (None, there), f"{name.decode()} has another size")
    with open(path, "rb") as file:
        data = file.read()
    need(hashlib.sha256(data).hexdigest().encode() == sha256, f"{name.decode()} is not what its name says")
    return data


def digest_of(path):
    sha256 = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(1 << 20):
            sha256.update(data)
    return sha256.hexdigest().encode()


def why_other(tree, kind, path, rest):
    """What is wrong on disk with a path that is listed; None when nothing is."""
    at = os.path.join(tree, path)
    try:
        found = os.lstat(at)
    except (FileNotFoundError, NotADirectoryError):
        return "is missing"
    kinds = {b"f": stat.S_ISREG, b"d": stat.S_ISDIR, b"l": stat.S_ISLNK}
    if not kinds[kind](found.st_mode):
        return "is of another kind"
    if kind == b"l":
        return None if os.readlink(at) == rest[0] else "has another target"
    if stat.S_IMODE(found.st_mode) & 0o777 != rest[0]:
        return "has another mode"
    if kind == b"d":
        return None
    _, size, mtime, sha256, _ = rest
    if found.st_size != size or digest_of(at) != sha256:
        return "has other content"
    return None if found.st_mtime_ns // 10**9 == mtime else "has another time"


def paths_on_disk(tree, folder=b""):
    for entry in os.scandir(os.path.join(tree, folder) if folder else tree):
        path = folder + b"/" + entry.name if folder else entry.name
        if is_own(path):
            continue
        yield path
        if entry.is_dir(follow_symlinks=False):
            yield from paths_on_disk(tree, path)


# What it is for


def check(tree, signers=None, network=None):
    body, signature, head = read_head(tree)
    if signers:
        check_signature(body, signature, signers, network)
    named = re.fullmatch(rb"sha256:(%s) (%s)" % (HEX, NUMBER), head.get(b"Manifest", b""))
    need(named, "the head names no manifest")
    root, buckets = read_root(tree, named[1], int(named[2]))
    for name in (b"Network", b"Archive", b"Epoch", b"Serial"):
        value = root[name] if isinstance(root[name], bytes) else b"%d" % root[name]
        need(value == head[name], f"the root's {name.decode()} is not the head's")
    faults, listed, files, size = [], {}, 0, 0
    for kind, path, rest in entries_of(tree, buckets):
        folder = path.rpartition(b"/")[0]
        listed[path] = kind
        # A folder comes before everything in it.
        need(not folder or listed.get(folder) == b"d", f"{encode_path(path)} is in no listed folder")
        why = why_other(tree, kind, path, rest)
        if why:
            faults.append(f"{encode_path(path)} {why}")
        if kind == b"f":
            files, size = files + 1, size + rest[1]
            if rest[4] != b"-" and why_by_hash(tree, rest[3]):
                faults.append(f"{encode_path(path)} is not in by-hash")
    need((files, size) == (root[b"Files"], root[b"Bytes"]), "the root's sums are wrong")
    # Each mirror makes `project`, for its own files.
    extra = (path for path in paths_on_disk(tree) if path not in listed and path != b"project")
    faults += [f"{encode_path(path)} is not listed" for path in extra]
    print_all(faults, serial=root[b"Serial"], entries=len(listed), files=files, bytes=size)
    return not faults


def why_by_hash(tree, sha256):
    path = os.path.join(tree, OWN, b"by-hash", sha256)
    return not os.path.isfile(path) or digest_of(path) != sha256


def compare(tree, old, new):
    """The merge of two sorted lists, without the buckets that both have."""
    (_, before), (_, after) = (read_root(tree, name.encode()) for name in (old, new))
    shared = {b["sha256"] for b in before} & {b["sha256"] for b in after}

    def only(buckets):
        return {
            path: (kind, rest)
            for bucket in buckets
            if bucket["sha256"] not in shared
            for kind, path, rest in read_bucket(tree, bucket)
        }

    gone, came = only(before), only(after)
    paths = sorted(gone.keys() | came.keys(), key=order)
    lines = [
        ("+" if path not in gone else "-" if path not in came else "*") + " " + encode_path(path)
        for path in paths
        if gone.get(path) != came.get(path)
    ]
    print_all(lines, changes=len(lines))
    return True


def print_all(lines, **sums):
    for line in lines:
        print(line)
    print(json.dumps(sums))


def main(words):
    try:
        if words[:1] == ["--compare"] and len(words) == 4:
            return 0 if compare(os.fsencode(words[1]), *words[2:]) else 1
        if len(words) in (1, 3) and not words[0].startswith("-"):
            return 0 if check(os.fsencode(words[0]), *words[1:]) else 1
    except (Refused, zlib.error, OSError) as error:
        print(f"refused: {error}")
        return 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
