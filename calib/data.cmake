# SPDX-License-Identifier: Apache-2.0
target_sources(mnq_calib PRIVATE
  image.c image_jpeg.c image_jpeg_write.c image_png.c image_pnm.c image_resize.c
  dataset.c dataset_folder.c dataset_csv.c dataset_h5.c)
