//! Limits in files: a number, the name of an algorithm, or the name with its fields.

use std::fmt;

use serde::de::{Error, IntoDeserializer, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Aimd, Fixed, Gradient, Limit, Vegas};

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Fixed,
    Aimd,
    Vegas,
    Gradient,
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = "Limit";
        match self {
            Self::Fixed(it) => it.serialize(serializer),
            Self::Aimd(it) => serializer.serialize_newtype_variant(whole, 1, "aimd", it),
            Self::Vegas(it) => serializer.serialize_newtype_variant(whole, 2, "vegas", it),
            Self::Gradient(it) => serializer.serialize_newtype_variant(whole, 3, "gradient", it),
        }
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyForm)
    }
}

struct AnyForm;

impl<'de> Visitor<'de> for AnyForm {
    type Value = Limit;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a number of calls, the name of an algorithm, or one with its fields")
    }

    fn visit_u64<E: Error>(self, limit: u64) -> Result<Limit, E> {
        let limit = u32::try_from(limit);
        let limit = limit.map_err(|_| E::custom("a limit is at most 1000000"))?;
        Ok(limit.into())
    }

    fn visit_i64<E: Error>(self, limit: i64) -> Result<Limit, E> {
        let unsigned = u64::try_from(limit);
        let unsigned = unsigned.map_err(|_| E::invalid_value(Unexpected::Signed(limit), &self))?;
        self.visit_u64(unsigned)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Limit, E> {
        Ok(match Name::deserialize(name.into_deserializer())? {
            Name::Fixed => Fixed::default().into(),
            Name::Aimd => Aimd::default().into(),
            Name::Vegas => Vegas::default().into(),
            Name::Gradient => Gradient::default().into(),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Limit, A::Error> {
        let name = map.next_key::<Name>()?;
        let limit = match name.ok_or_else(|| A::Error::custom("no algorithm is named"))? {
            Name::Fixed => map.next_value::<Fixed>()?.into(),
            Name::Aimd => map.next_value::<Aimd>()?.into(),
            Name::Vegas => map.next_value::<Vegas>()?.into(),
            Name::Gradient => map.next_value::<Gradient>()?.into(),
        };
        match map.next_key::<Name>()? {
            None => Ok(limit),
            Some(_) => Err(A::Error::custom("only one algorithm can be named")),
        }
    }
}
