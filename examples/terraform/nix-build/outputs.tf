output "result" {
  description = "The outputs of the derivation by name."
  value       = data.external.nix-build.result
}
