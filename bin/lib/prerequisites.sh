# shellcheck shell=bash
# What must be on the machine. Every gap is named at once, with the way to close it.

missing=()
need() { missing+=("$1"$'\n'"      $2"); }

# at_least VERSION MAJOR MINOR
at_least() {
  local major minor
  IFS=. read -r major minor _ <<< "$1"
  minor=${minor%%[!0-9]*}
  [ "${major:-0}" -gt "$2" ] 2> /dev/null ||
    { [ "${major:-0}" -eq "$2" ] 2> /dev/null && [ "${minor:-0}" -ge "$3" ]; }
}

check_node() {
  local version how
  how='https://nodejs.org, or a version manager such as nvm: nvm install 22'
  if ! version=$(node -p process.versions.node 2> /dev/null); then
    need 'Node.js 20.12 or later is not on the PATH.' "$how"
  elif ! at_least "$version" 20 12; then
    need "Node.js is $version; 20.12 or later is needed." "$how"
  elif [ -n "${for_tests:-}" ] && ! at_least "$version" 20 19; then
    need "Node.js is $version; the tests need 20.19 or later." "$how"
  fi
  if ! command -v npm > /dev/null; then
    need 'npm is not on the PATH.' "It comes with Node.js: $how"
  fi
}

check_java() {
  local home major how
  how='Debian, Ubuntu: apt-get install openjdk-17-jdk. Fedora, RHEL: dnf install java-17-openjdk-devel. macOS: brew install openjdk@17'
  home=$(find_java_home)
  if [ -z "$home" ]; then
    need 'A JDK, 17 or 21, is needed; JAVA_HOME is not set and there is no javac on the PATH.' "$how"
    return
  fi
  if [ ! -d "$home" ]; then
    need "JAVA_HOME is $home, which is no folder." "Set JAVA_HOME to a JDK 17 or 21, or unset it. $how"
    return
  fi
  if [ ! -x "$home/bin/javac" ]; then
    need "$home is a Java runtime without a compiler; a JDK is needed." "$how; then set JAVA_HOME to it, or unset it"
    return
  fi
  major=$(java_major "$home")
  if [ -z "$major" ]; then
    need "$home does not say its version: it has no release file." "Set JAVA_HOME to a JDK 17 or 21. $how"
  elif [ "$major" -lt 17 ]; then
    need "$home is a JDK $major; 17 or 21 is needed." "$how; then set JAVA_HOME to it"
  elif [ "$major" -ge 24 ]; then
    say "  note: $home is a JDK $major; Spark 4.0 is made for 17 and 21."
  fi
}

check_python() {
  local version how
  how='Debian, Ubuntu: apt-get install python3 python3-venv. Fedora, RHEL: dnf install python3. macOS: brew install python'
  if ! version=$(python3 -c 'import platform; print(platform.python_version())' 2> /dev/null); then
    need 'Python 3.10 or later is not on the PATH (python3).' "$how"
  elif ! at_least "$version" 3 10; then
    need "python3 is $version; 3.10 or later is needed." "$how"
  elif ! python3 -c 'import venv, ensurepip' 2> /dev/null; then
    need "Python $version lacks venv or pip." 'Debian, Ubuntu: apt-get install python3-venv'
  fi
}

check_maven() {
  local version how
  how='Debian, Ubuntu: apt-get install maven. Fedora, RHEL: dnf install maven. macOS: brew install maven'
  if ! command -v mvn > /dev/null; then
    need 'Maven 3.6 or later is not on the PATH (mvn).' "$how"
    return
  fi
  version=$(mvn --version 2> /dev/null | sed -n 's/.*Apache Maven \([0-9.]*\).*/\1/p' | head -n 1)
  # A Maven that does not start for want of Java is not what is missing.
  if [ -n "$version" ] && ! at_least "$version" 3 6; then
    need "Maven is $version; 3.6 or later is needed." "$how"
  fi
}

check_compiler() {
  local how
  how='Debian, Ubuntu: apt-get install build-essential. Fedora, RHEL: dnf install gcc-c++ make. macOS: xcode-select --install'
  if ! command -v c++ > /dev/null && ! command -v g++ > /dev/null && ! command -v clang++ > /dev/null; then
    need 'A C++ compiler is not on the PATH (c++, g++ or clang++).' "$how"
  fi
  command -v make > /dev/null || need 'make is not on the PATH.' "$how"
}

check_disk() {
  local needed=3 free
  # What is installed already needs no room any more.
  if [ -e "$root/.spark/home/jars" ] && [ -d "$root/node_modules" ]; then needed=1; fi
  free=$(df -Pk "$root" | awk 'NR == 2 { print int($4 / 1048576) }')
  if [ "${free:-0}" -lt "$needed" ]; then
    need "$root has $free GiB free; $needed GiB are needed." 'Make room, or clone to another disk.'
  fi
}

check_prerequisites() {
  missing=()
  check_node
  check_java
  check_python
  check_maven
  check_compiler
  check_disk
  [ "${#missing[@]}" -eq 0 ] && return 0
  say 'Some of what Libra needs is not there:'
  local gap
  for gap in "${missing[@]}"; do say "  - $gap"; done
  return 1
}
