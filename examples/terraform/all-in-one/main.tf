locals {
  # What is written or built during the install is known there only: it takes the flake.
  takes_flake = var.file == null && (
    var.build_on_remote || var.nixos_generate_config_path != "" || var.nixos_facter_path != ""
  )
  flake   = replace(var.nixos_system_attr, "/\\.config\\.system\\.build\\.toplevel$/", "")
  updates = contains(var.phases, "reboot") && !var.no_reboot && !var.stop_after_disko
}

module "system-build" {
  source        = "../nix-build"
  attribute     = var.nixos_system_attr
  file          = var.file
  nix_options   = var.nix_options
  special_args  = var.special_args
  debug_logging = var.debug_logging
}

module "partitioner-build" {
  source        = "../nix-build"
  attribute     = var.nixos_partitioner_attr
  file          = var.file
  nix_options   = var.nix_options
  special_args  = var.special_args
  debug_logging = var.debug_logging
}

module "install" {
  source                      = "../install"
  nixos_system                = local.takes_flake ? "" : module.system-build.result.out
  nixos_partitioner           = local.takes_flake ? "" : module.partitioner-build.result.out
  flake                       = local.takes_flake ? local.flake : ""
  target_host                 = var.target_host
  target_user                 = var.install_user == null ? var.target_user : var.install_user
  target_port                 = var.install_port == null ? var.target_port : var.install_port
  ssh_private_key             = var.install_ssh_key
  instance_id                 = var.instance_id
  kexec_tarball_url           = var.kexec_tarball_url
  debug_logging               = var.debug_logging
  phases                      = var.phases
  copy_host_keys              = var.copy_host_keys
  build_on_remote             = var.build_on_remote
  extra_files_script          = var.extra_files_script
  disk_encryption_key_scripts = var.disk_encryption_key_scripts
  nix_options                 = var.nix_options
  nixos_generate_config_path  = var.nixos_generate_config_path
  nixos_facter_path           = var.nixos_facter_path
  stop_after_disko            = var.stop_after_disko
  no_reboot                   = var.no_reboot
  # The update looks for the host keys that are pinned under the port that it logs in to.
  extra_environment = merge(var.extra_environment, {
    NIXOS_ANYWHERE_PORT_AFTER = tostring(var.target_port)
  })
}

module "nixos-rebuild" {
  source             = "../nixos-rebuild"
  count              = local.updates ? 1 : 0
  depends_on         = [module.install]
  nixos_system       = module.system-build.result.out
  target_host        = var.target_host
  target_user        = var.target_user
  target_port        = var.target_port
  ssh_private_key    = var.deployment_ssh_key == null ? "-" : var.deployment_ssh_key
  install_bootloader = var.install_bootloader
}
