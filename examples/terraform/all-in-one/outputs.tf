output "result" {
  description = "The store path of the system."
  value = {
    out = module.system-build.result.out
  }
}
