# shellcheck shell=bash
# Maven with the mirror of MAVEN_MIRROR_URL, where that is set. Sourced after store-login.sh, of which
# login_folder comes.
# shellcheck disable=SC2154

maven_settings() {
  local login=''
  if has_login; then
    case $MAVEN_MIRROR_URL in
      https://*) ;;
      *)
        say "A password is not sent to $MAVEN_MIRROR_URL: it is not https."
        return 1
        ;;
    esac
    # Maven fills the names in itself.
    # shellcheck disable=SC2016
    login='<servers><server><id>store</id><username>${env.STORE_USERNAME}</username><password>${env.STORE_PASSWORD}</password></server></servers>'
  fi
  (umask 077 && cat > "$login_folder/settings.xml") << XML
<settings>
  $login
  <mirrors><mirror><id>store</id><mirrorOf>*</mirrorOf><url>$MAVEN_MIRROR_URL</url></mirror></mirrors>
</settings>
XML
}

# maven_at_store ARGUMENTS…
maven_at_store() {
  # A developer's own settings stay in force where no store is named.
  if [ -n "${MAVEN_MIRROR_URL:-}" ]; then
    maven_settings
    set -- --settings "$login_folder/settings.xml" "$@"
  fi
  mvn --batch-mode --quiet -Dstyle.color=never "$@"
}
