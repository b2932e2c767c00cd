/**
 * Shell code that reads which system a target runs.
 *
 * @module
 */

/** Sets `release_name`, `release_id` and `release_variant` from /etc/os-release, each perhaps to nothing. */
export const READ_RELEASE = `
release_name= release_id= release_variant= release_end=$(printf '\\r')
if [ -r /etc/os-release ]; then
  while IFS== read -r key value; do
    value=\${value%"$release_end"}
    value=\${value#[\\"\\']}
    value=\${value%[\\"\\']}
    case $key in
    PRETTY_NAME) release_name=$value ;;
    ID) release_id=$value ;;
    VARIANT_ID) release_variant=$value ;;
    esac
  done </etc/os-release
fi
`;
