# One disk with GPT, for machines that start by BIOS and by UEFI.
{
  disko.devices.disk.main = {
    type = "disk";
    # ALL DATA on it is wiped by the install. `ls -l /dev/disk/by-id` on the target lists the names.
    device = throw "CHANGE: the disk to wipe, /dev/disk/by-id/NAME";
    content = {
      type = "gpt";
      partitions = {
        boot = {
          size = "1M";
          type = "EF02"; # for GRUB where there is no UEFI
        };
        ESP = {
          size = "500M";
          type = "EF00";
          content = {
            type = "filesystem";
            format = "vfat";
            mountpoint = "/boot";
            mountOptions = [ "umask=0077" ];
          };
        };
        root = {
          size = "100%";
          content = {
            type = "filesystem";
            format = "ext4";
            mountpoint = "/";
          };
        };
      };
    };
  };
}
