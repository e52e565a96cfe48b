"""What git says when it fails.

Its own words begin with `fatal: ` or `error: `, and it ends with 128 or 1.
"""

from __future__ import annotations

from dataclasses import replace

from ..shell import SAYINGS
from ..spots import Family, Saying, Seen, Spot, known, quoted, seen
from .network import is_ssh_consequence

_EXITS = (1, 128, 129)
_COMMIT = "commit or stash your changes first (git status lists them), then run it again"
_RESOLVE = "edit the files that git status lists as unmerged, git add them, then go on"
_ROWS: tuple[Saying, ...] = (
    ("not a git repository", "not-a-repository", "go into the repository, or make one here: git init"),
    ("detected dubious ownership", "unsafe-repository", "trust that folder: git config --global --add safe.directory FOLDER"),
    ("Exiting because of an unresolved conflict", "merge-conflict", _RESOLVE),
    ("because you have unmerged files", "merge-conflict", _RESOLVE),
    ("you need to resolve your current index first", "merge-conflict", _RESOLVE),
    ("could not apply", "merge-conflict", _RESOLVE),
    ("You have not concluded your merge", "merge-conflict", "git commit to conclude the merge, or git merge --abort"),
    ("Please commit or stash them", "uncommitted-changes", _COMMIT),
    ("would be overwritten by", "uncommitted-changes", _COMMIT),
    ("You have unstaged changes", "uncommitted-changes", _COMMIT),
    ("contains uncommitted changes", "uncommitted-changes", _COMMIT),
    ("Need to specify how to reconcile divergent branches", "branches-diverged", "git pull --rebase, or git pull --no-rebase for a merge"),
    ("Not possible to fast-forward", "branches-diverged", "git pull --rebase, or git pull --no-rebase for a merge"),
    ("refusing to merge unrelated histories", "unrelated-histories", "look whether it is the right remote; if so, --allow-unrelated-histories"),
    ("You are not currently on a branch", "detached-head", "git switch BRANCH first, or git switch -c NEW to keep these commits"),
    ("has no upstream branch", "no-upstream", "git push --set-upstream origin HEAD"),
    ("does not exist in '", "unknown-revision", "git ls-tree -r --name-only REVISION shows what is in it; correct the path"),
    ("exists on disk, but not in", "unknown-revision", "git add and commit it first, or name another revision"),
    ("not something we can merge", "unknown-revision", "git branch -a, git tag and git log show which there are; correct the name"),
    ("ot a valid object name", "unknown-revision", "git branch -a, git tag and git log show which there are; correct the name"),
    ("the requested upstream branch", "unknown-revision", "git branch -a shows which there are; correct the name"),
    ("is not a valid branch name", "invalid-name", "take a name without spaces, .., ~, ^, : and the like"),
    ("is not a valid tag name", "invalid-name", "take a name without spaces, .., ~, ^, : and the like"),
    ("is not a valid remote name", "invalid-name", "take a name without spaces and the like"),
    ("No rebase in progress", "nothing-to-do", "git status says what is going on"),
    ("no merge to abort", "nothing-to-do", "git status says what is going on"),
    ("no merge in progress", "nothing-to-do", "git status says what is going on"),
    ("no cherry-pick or revert in progress", "nothing-to-do", "git status says what is going on"),
    ("no cherry-pick in progress", "nothing-to-do", "git status says what is going on"),
    ("no revert in progress", "nothing-to-do", "git status says what is going on"),
    ("bad source, source=", "file-not-found", "check the path: git ls-files shows what git knows"),
    ("No valid patches in input", "patch-failed", "look at the file: it is no patch"),
    ("unrecognized input", "patch-failed", "look at the file: it is no patch"),
    ("changes staged in the index", "uncommitted-changes", _COMMIT),
    ("local modifications", "uncommitted-changes", _COMMIT),
    ("staged content different", "uncommitted-changes", _COMMIT),
    ("No configured push destination", "remote-not-found", "git remote add origin ADDRESS, then git push -u origin HEAD"),
    ("a branch is expected, got", "detached-head", "git switch BRANCH, or git switch --detach if that is meant"),
    ("no upstream configured", "no-upstream", "git branch --set-upstream-to=origin/BRANCH"),
    ("unfinished merge", "merge-conflict", "git commit to conclude the merge, or git merge --abort"),
    ("partial commit during a merge", "merge-conflict", "git commit -a to conclude the merge, or git merge --abort"),
    ("Unable to find remote helper", "invalid-url", "correct the protocol at the address's beginning, such as https://"),
    ("unrecognized argument: ", "unknown-option", "correct the option; git COMMAND -h lists them"),
    ("CONNECT tunnel failed", "proxy-failed", "look at what the proxy answers (git config http.proxy)"),
    ("' not found.", "unknown-revision", "git branch -a and git tag show which there are; correct the name"),
    ("does not match any", "unknown-revision", "git branch -a and git remote show which there are; correct the name"),
    ("unknown revision or path not in the working tree", "unknown-revision", "git branch -a, git tag and git log show which there are; correct the name"),
    ("bad revision", "unknown-revision", "git branch -a, git tag and git log show which there are; correct the name"),
    ("did not match any file(s) known to git", "unknown-revision", "git branch -a and git status show what there is; correct the name"),
    ("did not match any files", "file-not-found", "check the path {name}: it is looked up from the working directory"),
    ("invalid reference", "unknown-revision", "git branch -a shows which there are; correct the name"),
    ("couldn't find remote ref", "unknown-revision", "git ls-remote shows which there are; correct the name"),
    ("Remote branch", "unknown-revision", "git ls-remote shows which there are; correct the name"),
    ("src refspec", "unknown-revision", "git branch shows which there are; commit first, or correct the name"),
    ("ambiguous argument", "unknown-revision", "git branch -a, git tag and git log show which there are; correct the name"),
    (".lock': File exists", "lock-held", "end the other git; if there is none, remove that lock file"),
    ("cannot lock ref", "lock-held", "end the other git, git fetch --prune, then run it again"),
    ("Authentication failed", "authentication-failed", "give git a token or key this host accepts (git credential, ssh-add -l)"),
    ("could not read Username", "authentication-failed", "give git a credential helper or an SSH remote: nobody can type a password here"),
    ("could not read Password", "authentication-failed", "give git a credential helper or an SSH remote: nobody can type a password here"),
    ("Permission denied (publickey", "authentication-failed", "add your key to the agent (ssh-add) and its public half to that host"),
    ("Host key verification failed", "host-key-unknown", "compare the host's key, then add it to known_hosts (ssh-keyscan)"),
    ("The requested URL returned error: 403", "forbidden", "ask for access to that repository, or use another account"),
    ("Could not resolve host", "host-not-found", "check the host's name, and whether this machine has a network"),
    ("SSL certificate problem", "certificate-invalid", "give git the CA: git config http.sslCAInfo FILE"),
    ("server certificate verification failed", "certificate-invalid", "give git the CA: git config http.sslCAInfo FILE"),
    ("Connection refused", "connection-refused", "start the server, or correct the address and port"),
    ("Couldn't connect to server", "connection-refused", "start the server, or correct the address and port"),
    ("Connection timed out", "operation-timed-out", "check the network and the proxy, then run it again"),
    ("early EOF", "connection-lost", "run it again; a shallow clone (--depth 1) needs less"),
    ("RPC failed", "connection-lost", "run it again; a shallow clone (--depth 1) needs less"),
    ("the remote end hung up unexpectedly", "connection-lost", "look at what the remote said above, then run it again"),
    ("does not appear to be a git repository", "remote-not-found", "git remote -v shows which there are; correct the name or the address"),
    ("No such remote", "remote-not-found", "git remote -v shows which there are; correct the name"),
    ("repository '", "remote-not-found", "correct the repository's address, or ask for access to it"),
    ("Repository not found", "remote-not-found", "correct the repository's address, or ask for access to it"),
    ("already exists and is not an empty directory", "folder-not-empty", "name another folder, or empty that one"),
    ("A branch named", "branch-exists", "take another name, or git switch to that branch"),
    ("a branch named", "branch-exists", "take another name, or git switch to that branch"),
    ("' already exists", "tag-exists", "take another name, or git tag --delete the old one"),
    ("remote origin already exists", "remote-exists", "git remote set-url origin ADDRESS"),
    ("no email was given", "identity-unknown", "git config user.name NAME; git config user.email ADDRESS"),
    ("unable to auto-detect email address", "identity-unknown", "git config user.name NAME; git config user.email ADDRESS"),
    ("empty ident name", "identity-unknown", "git config user.name NAME; git config user.email ADDRESS"),
    ("patch does not apply", "patch-failed", "make the patch for this version, or try git apply --3way"),
    ("patch failed", "patch-failed", "make the patch for this version, or try git apply --3way"),
    ("corrupt patch", "patch-failed", "make the patch again: it is not whole"),
    ("unknown option", "unknown-option", "correct the option; git COMMAND -h lists them"),
    ("unknown switch", "unknown-option", "correct the option; git COMMAND -h lists them"),
    ("insufficient permission for adding an object", "permission-denied", "make .git yours again: another user wrote into it"),
    ("could not open '.git", "permission-denied", "make .git yours again: another user wrote into it"),
    ("No space left on device", "disk-full", "free some space on that disk"),
    ("loose object", "repository-damaged", "git fsck --full, then fetch or clone again"),
    ("object file", "repository-damaged", "git fsck --full, then fetch or clone again"),
    ("bad object", "repository-damaged", "git fsck --full, then fetch or clone again"),
    ("bad config", "invalid-config", "correct that line of git's configuration"),
    ("exceeds GitHub's file size limit", "file-too-large", "take the file out of the commits, or use git lfs"),
    ("There is no merge", "nothing-to-do", "git status says what is going on"),
    ("empty commit message", "commit-message-missing", "give a message: git commit -m MESSAGE"),
    ("Needed a single revision", "unknown-revision", "git branch -a, git tag and git log show which there are; correct the name"),
)  # fmt: skip
_BARE: tuple[Saying, ...] = (
    ("Aborting commit due to empty commit message", "commit-message-missing", "give a message: git commit -m MESSAGE"),
    ("not something we can merge", "unknown-revision", "git branch -a shows which there are; correct the name"),
    ("No stash entries found", "nothing-to-do", "git stash list shows which there are; nothing was put away"),
    ("You need to start by \"git bisect start\"", "nothing-to-do", "git bisect start first"),
    ("Patch format detection failed", "patch-failed", "look at the file: it is no patch that git am reads"),
    ("usage: git ", "wrong-usage", "give what the usage line asks for; git COMMAND -h says more"),
    ("CONFLICT (", "merge-conflict", _RESOLVE),
    ("Automatic merge failed", "merge-conflict", _RESOLVE),
    ("[rejected]", "push-rejected", "git pull --rebase first: the remote has commits that you have not; then push"),
    ("[remote rejected]", "push-rejected", "read what the remote said above: a rule or hook there refused it"),
    ("There is no tracking information for the current branch", "no-upstream", "git branch --set-upstream-to=origin/BRANCH"),
    ("You are not currently on a branch", "detached-head", "git switch BRANCH first, or git switch -c NEW to keep these commits"),
    ("nothing to commit, working tree clean", "nothing-to-commit", "change something first; nothing is lost"),
    ("nothing added to commit", "nothing-to-commit", "git add the files first"),
    ("no changes added to commit", "nothing-to-commit", "git add the files first"),
    ("is not a git command", "unknown-command", "git --help -a lists the commands"),
    ("Author identity unknown", "identity-unknown", "git config user.name NAME; git config user.email ADDRESS"),
    ("Please tell me who you are", "identity-unknown", "git config user.name NAME; git config user.email ADDRESS"),
)  # fmt: skip
_WHY = (": not found", ": command not found", ": No such file or directory", ": Permission denied")
_READ_REMOTE = "fatal: Could not read from remote repository"
_PUSH_FAILED = "error: failed to push some refs"


def read(spot: Spot) -> Seen | None:
    """Explain a line of git's that begins with `fatal: ` or `error: `."""
    line = spot.line.strip()
    if line.startswith("remote: "):
        line = line[8:].lstrip()
    if line.startswith("CMake") or not line.startswith(("fatal: ", "error: ", "ERROR: ")):
        return None
    if line.startswith((_READ_REMOTE, _PUSH_FAILED, "fatal: cherry-pick failed", "fatal: clone of '")):
        fix = "read what the remote or ssh said above"
        return seen(spot, "git-failed", line, fix, confidence="likely", exits=_EXITS, is_echo=True)
    if (line.startswith("fatal: [") and "]: " in line) or is_ssh_consequence(spot, line):
        return None  # Ansible's, or of the warning above
    found = known(spot, _ROWS, line, exits=(*_EXITS, 3))
    if found and "hung up unexpectedly" in line:
        return _hung_up(spot, found)
    if found and line.startswith("fatal: "):
        return found
    if found and not line.startswith("error: the following required"):
        its_own = line.startswith("ERROR: ") or found.code not in _SHARED or _shows_usage(spot)
        return found if its_own else None
    return _other(spot, line)


def _other(spot: Spot, line: str) -> Seen | None:
    """Return what the system said, if that ends the line, or that git failed."""
    if not line.startswith("fatal: ") or line.startswith("fatal: error"):
        return None
    if spoken := SAYINGS.get(line.rpartition(": ")[2]):
        code, fix = spoken
        return seen(spot, code, line, fix.replace("{name}", quoted(line) or "it"), exits=_EXITS)
    fix = "read that message; git status says where you are"
    return seen(spot, "git-failed", line, fix, confidence="likely", exits=_EXITS)


def _hung_up(spot: Spot, found: Seen) -> Seen | None:
    """Say that the other side ended, unless a line above says why: a filter, a hook or ssh that failed."""
    if any(each.line.rstrip(".").endswith(_WHY) for each in spot.above(6)):
        return None
    return replace(found, confidence="likely", is_echo=True)


def _shows_usage(spot: Spot) -> bool:
    return any("usage: git " in each.line for each in spot.below(2))


#: Other programs say these behind `error: ` as well.
_SHARED = frozenset(("remote-not-found", "unknown-option", "file-not-found", "disk-full", "tag-exists"))


def read_bare(spot: Spot) -> Seen | None:
    """Explain what git says without a word in front."""
    line = spot.line.strip()
    bare = line.rpartition("\r")[2]
    starts = (
        "CONFLICT (",
        "! [",
        "Automatic merge",
        "There is no tr",
        "You are not cur",
        "nothing ",
        "no changes",
        *("Aborting commit", "merge: ", "No stash", "You need to start", "Patch format", "usage: git "),
    )
    if not bare.startswith(starts) and "is not a git command" not in bare and "ho you are" not in bare:
        return None
    is_said_last = bare.startswith(("no", "usage: git "))
    sure = "likely" if is_said_last else "certain"
    return known(spot, _BARE, bare, exits=_EXITS, confidence=sure, is_echo=is_said_last)


FAMILIES: tuple[Family, ...] = (
    (("fatal: ", "error: ", "ERROR: Repository", "ERROR: Permission"), read),
    (tuple(mark for mark, _, _ in _BARE), read_bare),
)
