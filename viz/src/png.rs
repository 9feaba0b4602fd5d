//! Paints an SVG as PNG with the bundled font, and says in the file how large a dot is.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use crate::VizError;
use crate::font::{DATABASE, FAMILY};

/// Dots an inch: what journals ask of line art with text.
const DPI: f64 = 600.0;
/// Inches in a metre.
const INCHES: f64 = 1.0 / 0.0254;
/// A PNG's signature and its header chunk, which comes first and has a fixed size.
const HEADER: usize = 8 + 25;

/// The picture at 600 dots an inch.
pub(crate) fn paint(svg: &str) -> Result<Vec<u8>, VizError> {
    let options = Options { fontdb: DATABASE.clone(), font_family: FAMILY.into(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|e| VizError::Picture(e.to_string()))?;
    // A length without a unit is a 96th of an inch in SVG.
    let zoom = (DPI / 96.0) as f32;
    let (width, height) = (tree.size().width() * zoom, tree.size().height() * zoom);
    let mut pixels = Pixmap::new(width.round() as u32, height.round() as u32)
        .ok_or_else(|| VizError::Picture(format!("no picture has {width} by {height} dots")))?;
    resvg::render(&tree, Transform::from_scale(zoom, zoom), &mut pixels.as_mut());
    let mut file = pixels.encode_png().map_err(|e| VizError::Picture(e.to_string()))?;
    let dots = ((DPI * INCHES).round() as u32).to_be_bytes();
    let mut body = b"pHYs".to_vec();
    body.extend(dots);
    body.extend(dots);
    body.push(1); // per metre
    let mut chunk = (body.len() as u32 - 4).to_be_bytes().to_vec();
    chunk.extend(&body);
    chunk.extend(crc32(&body).to_be_bytes());
    file.splice(HEADER..HEADER, chunk);
    Ok(file)
}

/// The checksum of PNG chunks (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_standard_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
    }

    #[test]
    fn a_picture_knows_its_size() {
        let svg = r##"<svg xmlns="http://www.w3.org/2000/svg" width="25.4mm" height="12.7mm" viewBox="0 0 72 36"><rect width="72" height="36" fill="#fff"/></svg>"##;
        let file = paint(svg).unwrap();
        assert_eq!(file[16..24], [0, 0, 2, 88, 0, 0, 1, 44]); // 600 x 300
        assert_eq!(&file[HEADER + 4..HEADER + 8], b"pHYs");
        assert_eq!(file[HEADER + 8..HEADER + 12], 23_622u32.to_be_bytes());
        assert_eq!(Pixmap::decode_png(&file).unwrap().width(), 600);
        assert!(paint("not a picture").is_err());
    }
}
